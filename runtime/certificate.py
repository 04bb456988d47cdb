"""A certificate that the appliance makes for itself, and what any certificate says. Knows the program `openssl`.

Making one is left to the program, which every Debian has (docs/adr/0027); what is read of one needs it, too.
"""

import hashlib
import re
import ssl
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.errors import ConfigError

DAYS: Final = 820
"""How long one lasts; Apple's devices take none that lasts more than 825 days."""
_TIMEOUT_S: Final = 30.0
_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?")
_BLOCK: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_DATE: Final = re.compile(r"^not(Before|After)=(.+)$", re.MULTILINE)
_SUBJECT: Final = re.compile(r"(?:DNS|IP Address):([^,\s]+)")
_CONFIG: Final = """\
[req]
prompt = no
distinguished_name = who
x509_extensions = what
[who]
CN = {name}
O = Inglenook
[what]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = {subjects}
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says of itself."""

    names: frozenset[str]
    """Host names and addresses that it is for."""
    begins: float
    ends: float
    """Seconds since the epoch."""
    fingerprint: bytes
    """SHA-256 of the certificate."""

    @property
    def shown(self) -> str:
        """The fingerprint as browsers and other programs show it."""
        return self.fingerprint.hex(":").upper()


def can_name(host: str) -> bool:
    """Whether a certificate can be for a host of this name."""
    return _NAME.fullmatch(host) is not None


def make(names: Iterable[str], addresses: Iterable[str]) -> bytes:
    """A key (ECDSA, P-256) and a certificate for these names and addresses, as PEM.

    Raises:
        ConfigError: `openssl` is missing, or fails.
    """
    hosts = sorted(filter(can_name, set(names)))
    subjects = [*(f"DNS:{name}" for name in hosts), *(f"IP:{each}" for each in sorted(set(addresses)))]
    with tempfile.TemporaryDirectory() as folder:  # for its owner alone
        config, key, certificate = (Path(folder, name) for name in ("config", "key", "certificate"))
        config.write_text(_CONFIG.format(name=hosts[0][:64], subjects=", ".join(subjects)), encoding="ascii")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-sha256", "-nodes")
        files = ("-config", str(config), "-keyout", str(key), "-out", str(certificate))
        _openssl(["req", "-x509", *curve, "-days", str(DAYS), *files])
        return key.read_bytes() + certificate.read_bytes()


def read(pem: bytes) -> Facts:
    """What the first certificate in a PEM file says.

    Raises:
        ConfigError: there is none, or `openssl` is missing.
    """
    told = _openssl(["x509", "-noout", "-startdate", "-enddate", "-ext", "subjectAltName"], public(pem))
    dates = {name: float(ssl.cert_time_to_seconds(date)) for name, date in _DATE.findall(told)}
    return Facts(frozenset(_SUBJECT.findall(told)), dates["Before"], dates["After"], fingerprint(pem))


def fingerprint(pem: bytes) -> bytes:
    """SHA-256 of the first certificate in a PEM file; needs no program.

    Raises:
        ConfigError: there is none.
    """
    try:
        der = ssl.PEM_cert_to_DER_cert(public(pem).decode("ascii"))
    except ValueError as exc:
        raise ConfigError("the certificate is damaged; write it anew, as PEM") from exc
    return hashlib.sha256(der).digest()


def public(pem: bytes) -> bytes:
    """The first certificate of a PEM file alone, as others may have it.

    Raises:
        ConfigError: there is none.
    """
    if (found := _BLOCK.search(pem)) is None:
        raise ConfigError(
            "the file holds no certificate; name one in PEM, which begins -----BEGIN CERTIFICATE-----"
        )
    return found[0] + b"\n"


def _openssl(arguments: Sequence[str], stdin: bytes = b"") -> str:
    try:
        done = subprocess.run(
            ["openssl", *arguments], input=stdin, capture_output=True, check=False, timeout=_TIMEOUT_S
        )
    except FileNotFoundError as exc:
        raise ConfigError(
            "the program openssl is missing, which certificates are made with; install it "
            "(`apt install openssl`), or set server.tls = false"
        ) from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ConfigError(
            f"the program openssl cannot be run ({exc}); see to that, or set server.tls = false"
        ) from exc
    if done.returncode:
        why = " ".join(done.stderr.decode(errors="replace").split())[:200]
        raise ConfigError(f"openssl refuses ({why}); see to that, or set server.tls = false")
    return done.stdout.decode("ascii", "replace")
