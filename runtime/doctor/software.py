"""What is installed and configured: onnxruntime, the model, room on the disk, settings and their secrets."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from models.errors import ModelError, PolicyError
from models.licences import meant
from models.licences.policy import Policy, enforce
from models.store import Store
from runtime import certificate, keyring
from runtime.config import Loaded, Server
from runtime.config.secret import find_secret, read_secret
from runtime.doctor.finding import Finding
from runtime.engine.tasks import purpose
from runtime.errors import ConfigError
from runtime.tls import public_certificate

_MIB: Final = 1 << 20
_DAYS_LEFT: Final = 14
_LITTLE, _NEXT_TO_NOTHING = 2048 * _MIB, 128 * _MIB


def examine(loaded: Loaded, state: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Every finding about software and files."""
    yield from configuration(loaded)
    yield from licences(loaded.config.policy)
    yield from secrets(loaded, environ)
    yield from keys(state)
    yield from tls(loaded.config.server, state)
    yield onnxruntime()
    yield disk(state)
    yield model(Store.below(state), loaded.config.model.name, loaded.config.policy)


def keys(state: Path) -> Iterator[Finding]:
    """Keys for others, if there are any."""
    try:
        made = keyring.listed(keyring.file_of(state))
    except ConfigError as exc:
        yield Finding("fail", "keys", str(exc), "until then the owner's key alone opens anything")
        return
    if made:
        yield Finding("ok", "keys", f"{len(made)} for others: {', '.join(key.name for key in made)}")


def tls(server: Server, state: Path) -> Iterator[Finding]:
    """The certificate that callers are shown, if they are shown one."""
    if not server.tls:
        return
    path = public_certificate(server, state)
    try:
        facts = certificate.read(path.read_bytes())
    except OSError:
        yield Finding("ok", "certificate", f"{path} is made when the appliance starts")
        return
    except ConfigError as exc:
        yield Finding("fail", "certificate", f"{path}: {exc}", "write it anew, or name another")
        return
    key = server.tls_key_file or server.tls_cert_file
    if key is not None and _is_open_key(key):
        yield Finding("warn", "certificate", f"its key, {key}, can be read by others", f"chmod 600 {key}")
    left = (facts.ends - time.time()) / 86400
    said = f"{path}, SHA-256 {facts.shown}, {max(0, int(left))} days left"
    if left > _DAYS_LEFT:
        yield Finding("ok", "certificate", said)
    else:
        advice = "renew it" if server.tls_cert_file else "let the appliance run: it renews its own"
        yield Finding("warn" if left > 0 else "fail", "certificate", said, advice)


def _is_open_key(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077) and b"PRIVATE KEY" in path.read_bytes()
    except OSError:
        return False  # then it is not open to us


def configuration(loaded: Loaded) -> Iterator[Finding]:
    """Which file is read, and what in the environment looks like ours and is not."""
    yield Finding("ok", "configuration", str(loaded.file) if loaded.file else "no file, all defaults")
    if loaded.ignored:
        names = ", ".join(loaded.ignored)
        yield Finding(
            "warn", "environment", f"{names}: no setting of ours", "see `ingle config` for the names"
        )


def licences(policy: Policy) -> Iterator[Finding]:
    """What in the policy looks like the id of a licence and is not; one of another kind may well be a maker's own."""
    for name in (*policy.accept, *policy.agreements):
        if terms := meant(name):
            fact = f"{name!r} is no licence we know, so it settles nothing"
            yield Finding("warn", "policy", fact, f"write {terms.spdx!r}, if that is what you mean")


def secrets(loaded: Loaded, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether secret files can be read by us, and by nobody else."""
    config = loaded.config
    named = (
        ("mqtt password", find_secret("mqtt.password", config.mqtt.password_file, environ)),
        ("api key", find_secret("api.key", config.server.key_file, environ)),
    )
    for subject, path in named:
        if path is None:
            continue
        try:
            read_secret(path)
        except ConfigError as exc:
            yield Finding("fail", subject, str(exc), "make the file, or name another in the configuration")
            continue
        if path.stat().st_mode & 0o077:
            yield Finding("warn", subject, f"{path} can be read by others", f"chmod 600 {path}")
        else:
            yield Finding("ok", subject, str(path))


def onnxruntime() -> Finding:
    """Whether onnxruntime can be loaded at all, its version, and what it can run on."""
    version = f"Python {sys.version.split()[0]}"
    try:
        import onnxruntime as ort  # noqa: PLC0415  loading it is the examination
    except ImportError as exc:
        return Finding(
            "fail", "onnxruntime", f"cannot be loaded: {exc}", "pip install --force-reinstall onnxruntime"
        )
    providers = ", ".join(name.removesuffix("ExecutionProvider") for name in ort.get_available_providers())
    return Finding("ok", "onnxruntime", f"{ort.__version__} ({providers}), {version}")


def disk(state: Path) -> Finding:
    """Room where models are kept."""
    place = next(folder for folder in (state, *state.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    fact = f"{free / _MIB / 1024:.1f} GiB free for {state}"
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("fail", "disk", f"{place} may not be written", "run as its owner, or give --state")
    if free < _NEXT_TO_NOTHING:
        return Finding("fail", "disk", fact, "make room: `ingle rm` takes a model away")
    if free < _LITTLE:
        return Finding("warn", "disk", fact, "a model of a billion parameters needs about 2 GiB")
    return Finding("ok", "disk", fact)


def model(store: Store, name: str, policy: Policy) -> Finding:
    """Whether the configured model is here, whole, and allowed by the owner's policy."""
    try:
        bundle = store.resolve(name)
        problems = store.verify(bundle)
    except (ModelError, OSError) as exc:
        return Finding("fail", "model", str(exc), f"ingle pull {name}")
    if bundle.manifest.task != "generate":
        fact = f"{bundle.reference} is there to {purpose(bundle.manifest)}, and writes none"
        return Finding("fail", "model", fact, "set model.name to a model that writes")
    if problems:
        return Finding(
            "fail", "model", f"{bundle.reference}: {problems[0]}", f"ingle rm {name}; ingle pull {name}"
        )
    try:
        enforce(policy, bundle.manifest.licence, bundle.reference)
    except PolicyError as exc:
        return Finding("fail", "model", str(exc), f"ingle licence {name}")
    return Finding(
        "ok", "model", f"{bundle.reference}, {bundle.size / _MIB:.0f} MiB, files as its manifest says"
    )
