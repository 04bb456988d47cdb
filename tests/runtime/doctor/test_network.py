import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.config import Broker, load
from runtime.doctor import network


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_free_port(free: int) -> None:
    assert network.http_port("127.0.0.1", free).state == "ok"
    assert network.embedded_port(free).state == "ok"


async def test_a_port_that_somebody_else_has() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nServer: other\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await asyncio.to_thread(network.http_port, "127.0.0.1", port)
    assert found.state == "fail"
    assert "server.port" in found.advice


async def test_a_port_where_we_are_already() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 503 Loading\r\nServer: inglenook\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await asyncio.to_thread(network.http_port, "127.0.0.1", port)
    assert (found.state, found.fact) == ("ok", "inglenook answers on 127.0.0.1")


def test_an_address_that_is_not_ours() -> None:
    found = network.http_port("192.0.2.1", 0)
    assert found.state == "fail"
    assert "server.host" in found.advice


def test_the_embedded_port_taken_is_no_disaster(taken: int) -> None:
    found = network.embedded_port(taken)
    assert found.state == "warn"
    assert f"mqtt://127.0.0.1:{taken}" in found.advice


def test_a_broker_that_is_there_and_one_that_is_not(taken: int, free: int) -> None:
    assert network.broker(Broker("127.0.0.1", taken)).state == "ok"
    found = network.broker(Broker("127.0.0.1", free))
    assert found.state == "fail"
    assert f"mqtt://127.0.0.1:{free}" in found.fact


@pytest.mark.parametrize("greeting", [b"", b"no TLS spoken here\r\n"])
async def test_a_plain_broker_does_not_do_where_tls_is_asked_for(greeting: bytes) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await asyncio.to_thread(network.broker, Broker("127.0.0.1", port, tls=True))
    assert (found.state, found.fact) == ("fail", f"mqtts://127.0.0.1:{port}: there is no TLS at that port")
    assert "mqtt://" in found.advice


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One for 127.0.0.1, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                str(shutil.which("openssl")),
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ),
            *("-nodes", "-days", "2", "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_a_broker_in_tls_needs_a_certificate_that_is_trusted(certificate: tuple[Path, Path]) -> None:
    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context) as server:
        address = Broker("127.0.0.1", server.sockets[0].getsockname()[1], tls=True)
        strange = await asyncio.to_thread(network.broker, address)
        trusted = await asyncio.to_thread(network.broker, address, certificate[0])
        unsound = await asyncio.to_thread(network.broker, address, certificate[1])
    assert (strange.state, trusted.state, unsound.state) == ("fail", "ok", "fail")
    assert "mqtt.ca_file" in strange.advice
    assert "mqtt.ca_file" in unsound.advice


@pytest.mark.parametrize(
    ("environ", "subject"),
    [
        ({"INGLE_MQTT_BROKER": "mqtt://127.0.0.1:1"}, "mqtt broker"),
        ({"INGLE_MQTT_EMBEDDED": "no"}, "mqtt"),
        ({"INGLE_MQTT_EMBEDDED_PORT": "0"}, "port 0"),
    ],
)
def test_what_is_configured_is_examined(environ: dict[str, str], subject: str) -> None:
    config = load(environ=environ | {"INGLE_SERVER_PORT": "0"}).config
    assert [found.subject for found in network.examine(config)] == ["port 0", subject]
