import asyncio
import socket
from collections.abc import Iterator

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
