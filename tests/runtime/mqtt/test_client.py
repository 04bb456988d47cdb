"""What a link promises, held against paho and a broker, and against the link that tests play broker with."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.config import Broker
from runtime.errors import ConfigError
from runtime.limits import Limits
from runtime.mqtt.client import PahoLink
from runtime.mqtt.link import (
    AwayError,
    BarredError,
    Delivery,
    Down,
    Endpoint,
    Link,
    LinkEvent,
    LostError,
    Patience,
    Publication,
    Session,
    Subscription,
    Up,
)
from tests.support.mqtt import MemoryLink, Mosquitto, Person, running_mosquitto, until

LIMITS = Limits(request_bytes=1000)
SOON = Patience(greeting=0.5, first_retry=(1, 1))
CLEAN = Session(persistent=False)
needs_mosquitto = pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


class Heard:
    """What a link said."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.states: list[LinkEvent] = []

    def __call__(self, event: LinkEvent) -> None:
        self.deliveries.append(event) if isinstance(event, Delivery) else self.states.append(event)

    @property
    def is_up(self) -> bool:
        return bool(self.states) and isinstance(self.states[-1], Up)


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with running_mosquitto(tmp_path) as broker:
        yield broker


def paho(broker: Mosquitto, session: Session = CLEAN, name: str = "inglenook-test") -> PahoLink:
    return PahoLink(Endpoint(broker.address), name, LIMITS, SOON, session)


@needs_mosquitto
async def test_several_topics_are_heard_with_what_is_beside_a_message(mosquitto: Mosquitto) -> None:
    link, heard = paho(mosquitto), Heard()
    await link.open([Subscription("a/+"), Subscription("b", qos=0)], None, heard)
    await until(lambda: heard.is_up)
    await link.publish(
        Publication("a/1", b"x", correlation=b"\0", response_topic="r", content_type="t/x", expiry_s=60)
    )
    await link.publish(Publication("b", b"y"))
    await until(lambda: len(heard.deliveries) == 2)
    first, second = heard.deliveries
    assert (first.topic, first.payload, first.qos) == ("a/1", b"x", 1)
    assert (first.correlation, first.response_topic, first.content_type) == (b"\0", "r", "t/x")
    assert first.expiry_s is not None
    assert 58 <= first.expiry_s <= 60
    assert (second.topic, second.qos, second.expiry_s) == ("b", 0, None)
    await link.close()


@needs_mosquitto
async def test_what_is_heard_may_change_while_connected_and_lasts_over_a_lost_connection(
    mosquitto: Mosquitto,
) -> None:
    link, heard = paho(mosquitto), Heard()
    await link.open([Subscription("a")], None, heard)
    await until(lambda: heard.is_up)
    async with Person(mosquitto.address) as person:
        person.say("kept", {"n": 1}, retain=True)
        await asyncio.sleep(0.1)
        link.subscribe([Subscription("kept", retained=True), Subscription("b")])
        link.unsubscribe(["a"])
        await until(lambda: [each.topic for each in heard.deliveries] == ["kept"])
        assert heard.deliveries[0].retained
        mosquitto.stop()
        await until(lambda: not heard.is_up)
        await mosquitto.start()
        await until(lambda: heard.is_up)
        for topic in ("a", "b"):
            person.say(topic, topic)
        await until(lambda: len(heard.deliveries) == 3)
    assert [each.topic for each in heard.deliveries] == ["kept", "kept", "b"]
    await link.close()


@needs_mosquitto
async def test_many_topics_are_heard(mosquitto: Mosquitto) -> None:
    link, heard = paho(mosquitto, Session(persistent=False, window=400, outgoing=400)), Heard()
    await link.open([Subscription(f"many/{number}") for number in range(333)], None, heard)
    await until(lambda: heard.is_up)
    await asyncio.gather(*(link.publish(Publication(f"many/{number}", b"")) for number in range(333)))
    await until(lambda: len(heard.deliveries) == 333)
    assert heard.states == [Up()]
    await link.close()


@needs_mosquitto
async def test_a_session_is_resumed_or_is_not(mosquitto: Mosquitto) -> None:
    for session, present in ((Session(), True), (CLEAN, False)):
        for again in (False, True):
            link, heard = paho(mosquitto, session, f"inglenook-{present}"), Heard()
            await link.open([Subscription("a")], None, heard)
            await until(lambda: heard.is_up)  # noqa: B023  awaited in the same turn
            assert heard.states == [Up(session_present=present and again)]
            await link.close()


@pytest.mark.parametrize("which", ["memory", pytest.param("paho", marks=needs_mosquitto)])
async def test_without_a_session_a_publication_goes_now_or_never(which: str, tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path) as mosquitto:
        memory = MemoryLink(CLEAN)
        memory.confirming.clear()
        link: Link = memory if which == "memory" else paho(mosquitto)
        heard = Heard()
        await link.open([Subscription("a")], None, heard)
        if which == "memory":
            with pytest.raises(AwayError):
                await link.publish(Publication("a", b"early"))
            memory.up()
        await until(lambda: heard.is_up)
        mosquitto.freeze()
        told = asyncio.ensure_future(link.publish(Publication("a", b"in between")))
        await asyncio.sleep(0.1)
        mosquitto.kill()
        if which == "memory":
            memory.down()
        with pytest.raises(LostError):
            await asyncio.wait_for(told, 10)
        await until(lambda: not heard.is_up)
        with pytest.raises(AwayError):
            await link.publish(Publication("a", b"away"))
        await mosquitto.start()
        if which == "memory":
            memory.up()
            memory.confirming.set()
        await until(lambda: heard.is_up)
        await link.publish(Publication("a", b"back"))
        if which == "paho":
            await until(lambda: bool(heard.deliveries))
            assert [each.payload for each in heard.deliveries] == [b"back"]
        await link.close()


@needs_mosquitto
async def test_what_was_retained_while_a_session_was_away_comes_once_and_unmarked(
    mosquitto: Mosquitto,
) -> None:
    link, heard, other = paho(mosquitto, Session()), Heard(), paho(mosquitto, name="other")
    await link.open([Subscription("a")], None, heard)
    await until(lambda: heard.is_up)
    await link.close()
    there = Heard()
    await other.open([], None, there)
    await until(lambda: there.is_up)
    await other.publish(Publication("a", b"kept", retain=True))
    await other.close()
    for came in ([(b"kept", False)], []):
        link, heard = paho(mosquitto, Session()), Heard()
        await link.open([Subscription("a")], None, heard)
        await until(lambda: heard.is_up)  # noqa: B023  awaited in the same turn
        await asyncio.sleep(0.2)
        assert [(each.payload, each.retained) for each in heard.deliveries] == came
        for each in heard.deliveries:
            link.acknowledge(each)
        await asyncio.sleep(0.2)
        await link.close()


@needs_mosquitto
async def test_with_a_session_a_publication_waits_for_the_broker(mosquitto: Mosquitto) -> None:
    link, heard = paho(mosquitto, Session()), Heard()
    await link.open([Subscription("a")], None, heard)
    await until(lambda: heard.is_up)
    mosquitto.stop()
    await until(lambda: not heard.is_up)
    told = asyncio.ensure_future(link.publish(Publication("a", b"patient")))
    await asyncio.sleep(0.1)
    assert not told.done()
    with pytest.raises(AwayError):
        await link.publish(Publication("a", b"now", qos=0))
    await mosquitto.start()
    await asyncio.wait_for(told, 10)
    await until(lambda: [each.payload for each in heard.deliveries] == [b"patient"])
    await link.close()


@needs_mosquitto
@pytest.mark.parametrize("session", [CLEAN, Session()])
async def test_what_the_broker_bars_is_not_taken_for_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, session: Session
) -> None:
    (tmp_path / "acl").write_text("topic readwrite mine/#\n")
    (tmp_path / "acl").chmod(0o600)
    async with running_mosquitto(tmp_path, more=f"acl_file {tmp_path}/acl\n") as mosquitto:
        link, heard = paho(mosquitto, session), Heard()
        await link.open([Subscription("mine/a")], None, heard)
        await until(lambda: heard.is_up)
        with pytest.raises(BarredError, match=r"lamp/set.*see the broker's access rules"):
            await link.publish(Publication("lamp/set", b"ON"))
        assert any("lamp/set" in each and "Not authorized" in each for each in caplog.messages)
        await link.publish(Publication("mine/a", b"x"))
        await link.close()


@needs_mosquitto
async def test_a_payload_that_is_too_large_is_let_go_and_its_size_told(mosquitto: Mosquitto) -> None:
    link, heard = paho(mosquitto), Heard()
    await link.open([Subscription("a")], None, heard)
    await until(lambda: heard.is_up)
    async with Person(mosquitto.address) as person:
        person.say("a", b"x" * 1000)
        person.say("a", b"x" * 10_000_000)
        await until(lambda: len(heard.deliveries) == 2)
    assert [(len(each.payload), each.oversize) for each in heard.deliveries] == [(1000, 0), (0, 10_000_000)]
    await link.close()


@pytest.mark.parametrize("link", [MemoryLink(), PahoLink(Endpoint(Broker("127.0.0.1", 1)), "x", LIMITS)])
async def test_what_is_no_topic_is_refused_before_it_is_sent(link: Link) -> None:
    with pytest.raises(ValueError, match="filter"):
        await link.open([Subscription("a#")], None, Heard())
    with pytest.raises(ValueError, match="wildcard"):
        await link.publish(Publication("a/+", b""))
    with pytest.raises(ValueError, match="filter"):
        link.subscribe([Subscription("")])
    with pytest.raises(ValueError, match="filter"):
        link.unsubscribe(["a+"])


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """An authority, and a server and a client that it vouches for."""
    _openssl(
        tmp_path,
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=house", "-keyout", "ca.key", "-out", "ca.pem"),
    )
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        _openssl(
            tmp_path,
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        _openssl(
            tmp_path,
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-extfile", "names", "-out", f"{name}.pem"),
        )
    return tmp_path


@needs_mosquitto
@needs_openssl
async def test_a_broker_and_we_show_each_other_who_we_are(certificates: Path) -> None:
    lines = (
        f"cafile {certificates}/ca.pem\ncertfile {certificates}/server.pem\nkeyfile {certificates}/server.key\n"
        "require_certificate true\nuse_identity_as_username true\n"
    )
    async with running_mosquitto(certificates, more=lines) as mosquitto:
        address = Broker(mosquitto.address.host, mosquitto.address.port, tls=True)
        ca, cert, key = (certificates / each for each in ("ca.pem", "client.pem", "client.key"))
        link, heard = PahoLink(Endpoint(address, None, None, ca, cert, key), "x", LIMITS, SOON), Heard()
        await link.open([Subscription("a")], None, heard)
        await until(lambda: heard.is_up)
        await link.close()
        for endpoint in (Endpoint(address, ca_file=ca), Endpoint(address, cert_file=cert, key_file=key)):
            link, heard = PahoLink(endpoint, "x", LIMITS, SOON), Heard()
            await link.open([Subscription("a")], None, heard)
            await until(lambda: bool(heard.states))  # noqa: B023  awaited in the same turn
            assert isinstance(heard.states[0], Down)
            assert "certificate" in heard.states[0].reason
            await link.close()


@needs_openssl
def test_a_certificate_that_cannot_be_used_is_named_with_what_to_do(certificates: Path) -> None:
    address = Broker("127.0.0.1", 1, tls=True)
    cert, key = certificates / "client.pem", certificates / "server.key"
    for endpoint, part in (
        (Endpoint(address, cert_file=cert, key_file=key), "a certificate and its own key"),
        (Endpoint(address, cert_file=cert, key_file=certificates / "none"), "a certificate and its own key"),
        (Endpoint(address, key_file=key), "mqtt.key_file is set without"),
        (Endpoint(Broker("127.0.0.1", 1), cert_file=cert), "mqtt.cert_file needs TLS"),
    ):
        with pytest.raises(ConfigError, match=part.replace(".", r"\.")):
            PahoLink(endpoint, "x", LIMITS)
