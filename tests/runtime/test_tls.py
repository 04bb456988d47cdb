"""TLS as it is: made by the real program, spoken on real sockets."""

import asyncio
import os
import shutil
import socket
import ssl
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from runtime import certificate
from runtime.api.access import Access
from runtime.api.keys import DOOR
from runtime.api.server import make_app, make_runner
from runtime.api.serving import Serving
from runtime.config import Server
from runtime.errors import ConfigError
from runtime.limits import Limits
from runtime.listener import listen
from runtime.tls import Secrecy, ensure_own, own_files, pinned, secrecy_of

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the program openssl is not installed"
)
TLS = Server(port=0, tls=True, allowed_hosts=("Oven.example", "192.0.2.9", "*.no.name"))


@dataclass
class Listening:
    port: int
    door_places: int
    secrecy: Secrecy
    url: str


@asynccontextmanager
async def listening(server: Server, state: Path) -> AsyncGenerator[Listening, None]:
    secrecy = secrecy_of(server, state, {})
    assert secrecy is not None
    runner = make_runner(
        make_app(Serving(), limits=Limits(connections=4, drain_seconds=0.1), access=Access())
    )
    await runner.setup()
    try:
        port = await listen(runner, runner.app[DOOR], server, secrecy)
        yield Listening(port, 4, secrecy, f"https://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


async def shown(port: int) -> bytes:
    """SHA-256 of the certificate that a caller sees who trusts nobody."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return certificate.fingerprint(ssl.DER_cert_to_PEM_cert(der).encode())
    finally:
        writer.close()


def test_a_certificate_is_for_the_names_and_addresses_of_this_machine(tmp_path: Path) -> None:
    ensure_own(TLS, tmp_path)
    pem, public = own_files(tmp_path)
    facts = certificate.read(pem.read_bytes())
    own = socket.gethostname().lower()
    assert {"localhost", own, "oven.example", "192.0.2.9", "127.0.0.1"} <= facts.names
    assert 800 * 86400 < facts.ends - facts.begins < 825 * 86400
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    assert b"PRIVATE" not in public.read_bytes()
    assert certificate.fingerprint(public.read_bytes()) == facts.fingerprint


def test_a_good_one_is_kept_and_another_is_made_for_another_name(tmp_path: Path) -> None:
    ensure_own(TLS, tmp_path)
    first = own_files(tmp_path)[0].read_bytes()
    ensure_own(TLS, tmp_path)
    assert own_files(tmp_path)[0].read_bytes() == first
    ensure_own(Server(tls=True, allowed_hosts=("stove.example",)), tmp_path)
    assert own_files(tmp_path)[0].read_bytes() != first


@pytest.mark.parametrize(
    "damage", [b"", b"\x00" * 100, b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----"]
)
def test_a_damaged_one_of_our_own_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    ensure_own(TLS, tmp_path)
    own_files(tmp_path)[0].write_bytes(damage)
    ensure_own(TLS, tmp_path)
    assert "localhost" in certificate.read(own_files(tmp_path)[0].read_bytes()).names


async def test_who_trusts_the_certificate_speaks_http_in_tls(tmp_path: Path) -> None:
    async with listening(TLS, tmp_path) as there:
        trust = ssl.create_default_context(cafile=own_files(tmp_path)[1])
        pin = pinned(TLS, tmp_path)
        assert pin == there.secrecy.fingerprint
        for proof in (trust, aiohttp.Fingerprint(pin)):
            async with (
                aiohttp.ClientSession() as client,
                client.get(f"{there.url}/health", ssl=proof) as response,
            ):
                assert response.status == 503, "no model yet"
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await client.get(f"{there.url}/health")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    async with listening(TLS, tmp_path) as there:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", there.port, ssl=context)


async def test_a_certificate_that_is_replaced_holds_from_the_next_connection_on(tmp_path: Path) -> None:
    async with listening(TLS, tmp_path) as there:
        first = await shown(there.port)
        own_files(tmp_path)[0].unlink()
        ensure_own(TLS, tmp_path)
        second = await shown(there.port)
        assert first != second == there.secrecy.fingerprint


async def test_a_damaged_replacement_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(TLS, tmp_path) as there:
        first = await shown(there.port)
        own_files(tmp_path)[0].write_bytes(b"half of it")
        assert await shown(there.port) == first
        assert await shown(there.port) == first
        assert caplog.text.count("the certificate stays as it was") == 1


async def test_what_is_no_tls_takes_no_place_for_long(tmp_path: Path) -> None:
    async with listening(TLS, tmp_path) as there:
        silent = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(20)]
        assert await shown(there.port) == there.secrecy.fingerprint
        for reader, writer in silent:
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP" not in await asyncio.wait_for(_rest(reader), 5)
            writer.close()
        assert await shown(there.port) == there.secrecy.fingerprint


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def test_an_owners_certificate_is_used_and_what_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    mine = tmp_path / "mine.pem"
    mine.write_bytes(certificate.make(["oven.example"], ["192.0.2.1"]))
    secrecy = secrecy_of(Server(tls=True, tls_cert_file=mine), tmp_path / "state", {})
    assert secrecy is not None
    assert secrecy.fingerprint == certificate.fingerprint(mine.read_bytes())
    assert not (tmp_path / "state").exists()
    mine.write_bytes(certificate.public(mine.read_bytes()))
    with pytest.raises(ConfigError, match="a certificate and its key"):
        secrecy_of(Server(tls=True, tls_cert_file=mine), tmp_path, {})
    with pytest.raises(ConfigError, match=r"set server\.tls = true"):
        secrecy_of(Server(tls_cert_file=mine), tmp_path, {})
    with pytest.raises(ConfigError, match=r"set server\.tls_cert_file"):
        secrecy_of(Server(tls=True, tls_key_file=mine), tmp_path, {})
    with pytest.raises(ConfigError, match="start the appliance once"):
        pinned(TLS, tmp_path / "empty")


def test_without_the_program_it_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install openssl"):
        certificate.make(["localhost"], [])
