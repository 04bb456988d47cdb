"""Commands at a pace to a whole appliance through a real mosquitto, for minutes.

What is lost, what happens twice, what memory does; and before that what the broker costs one command at a time, held
against the same over HTTP. Rules understand them; no model is asked.

script/soak-commands [MINUTES [A_SECOND]]
"""

import asyncio
import http.client
import json
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from runtime.config import Broker
from tests.support.history import Sender
from tests.support.house import environment, furnish
from tests.support.mqtt import running_mosquitto
from tests.test_end_to_end import free_port

_EVERY_S = 30.0
_ALONE = 200
_BROKER = "max_queued_messages 0\nset_tcp_nodelay true\n"
"""As docs/fleet.md has it: else mosquitto holds a result back until the sender's TCP acknowledges what came before."""
_LAMPS, _BELLS = 8, 40
_LAMP = """
[[devices]]
id = "lamp{0}"
kind = "number"
names = ["lamp {0}"]
topic = "devices/lamp{0}/set"
range = {{ low = 0, high = 10000000 }}
"""
_BELL = """
[[devices]]
id = "bell{0}"
kind = "button"
names = ["bell {0}"]
topic = "devices/bell{0}/set"
"""


def write_house(folder: Path) -> None:
    """A house of lamps that take any number, and of bells that had better not ring twice."""
    house = folder / "house"
    house.mkdir()
    lamps = (_LAMP.format(number) for number in range(_LAMPS))
    bells = (_BELL.format(number) for number in range(_BELLS))
    (house / "house.toml").write_text("".join((*lamps, *bells)), encoding="utf-8")
    (house / "policy.toml").write_text("[rates]\ndevice_per_minute = 0\n", encoding="utf-8")


def _answers(port: int) -> bool:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/commands",
        data=b'{"text": "set lamp 0 to 0", "dry_run": true}',
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  as above
            return b'"would"' in response.read()
    except (urllib.error.URLError, ConnectionError):
        return False


def _over_http(port: int) -> float:
    """Median seconds of commands one after another, on one connection."""
    taken = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json"}
    for number in range(_ALONE):
        body = json.dumps({"text": f"set lamp {number % _LAMPS} to {number}", "session": str(number)})
        begun = time.perf_counter()
        connection.request("POST", "/v1/commands", body, headers)
        assert b'"sent"' in connection.getresponse().read()
        taken.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(taken)


async def _over_mqtt(broker: Broker, topic: str) -> float:
    """The same from publishing to the result."""
    async with Sender(broker, (topic,), bells=0, ids="alone") as sender:
        for _ in range(_ALONE):
            sender.send()
            while sender.history.unanswered():
                await sender.heard()
    return statistics.median(sender.latencies)


def _resident_mib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / (1 << 20)


async def soak(minutes: float, a_second: float) -> bool:
    """Print figures; whether nothing was lost or doubled."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_mosquitto(folder, more=_BROKER) as mosquitto:
            broker = mosquitto.address
            furnish(folder)
            write_house(folder)
            port = free_port()
            here = {
                "INGLE_MQTT_BROKER": str(broker),
                "INGLE_MQTT_NODE": "home",
                "INGLE_SERVER_PORT": str(port),
            }
            node = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "runtime", "serve"),
                env=environment(folder, **here),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            while not await asyncio.to_thread(_answers, port):  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.2)
            topics = ("ingle/home/command", "ingle/home/command/from/me")
            http_s = await asyncio.to_thread(_over_http, port)
            mqtt_s = await _over_mqtt(broker, "ingle/home/command/from/me")
            print(
                f"one at a time: {1000 * mqtt_s:.1f} ms by MQTT, {1000 * http_s:.1f} ms by HTTP: "
                f"the broker adds {1000 * (mqtt_s - http_s):.1f} ms",
                flush=True,
            )
            async with Sender(broker, topics, bells=_BELLS) as sender:
                load = asyncio.create_task(sender.pace(minutes * 60 * a_second, a_second))
                begun = time.monotonic()
                while not load.done():
                    await asyncio.wait({load}, timeout=_EVERY_S)
                    waiting = len(sender.history.unanswered())
                    print(
                        f"{time.monotonic() - begun:6.0f} s  {len(sender.history.sent):7} sent  "
                        f"{waiting:5} under way  {_resident_mib(node.pid):6.1f} MiB resident",
                        flush=True,
                    )
                await sender.answers(within_s=60)
                sound = _told(sender)
            node.terminate()
            await node.wait()
    return sound


def _told(sender: Sender) -> bool:
    history = sender.history
    lost = history.unanswered()
    twice = [effect for effect, times in history.effects.items() if times > 1]
    latencies = sorted(sender.latencies)
    print(f"{len(history.sent)} commands: {len(lost)} without an answer, {len(twice)} that happened twice")
    if latencies:
        middle, slow = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
        print(
            f"from publishing to the result: median {1000 * middle:.1f} ms, 99 % within {1000 * slow:.1f} ms"
        )
    try:
        print(dict(history.check()))
    except AssertionError as exc:
        print(exc)
        return False
    return not lost and not twice


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:]]
    sys.exit(not asyncio.run(soak(*(given + [10.0, 200.0][len(given) :]))))
