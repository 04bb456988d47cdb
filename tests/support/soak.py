"""Commands at a pace through a real mosquitto, for minutes: what is lost, what happens twice, what memory does.

script/soak-commands [MINUTES [A_SECOND]]
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.support.history import Sender
from tests.support.mqtt import running_mosquitto

_EVERY_S = 30.0


def _resident_mib(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / (1 << 20)


async def soak(minutes: float, a_second: float) -> bool:
    """Print figures; whether nothing was lost or doubled."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_mosquitto(folder, more="max_queued_messages 0\n") as mosquitto:
            broker = mosquitto.address
            node = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.node", broker.host, str(broker.port), name, "home"),
                stdout=asyncio.subprocess.PIPE,
            )
            assert node.stdout is not None
            await node.stdout.readline()
            async with Sender(broker, ("ingle/home/command", "ingle/home/command/from/me")) as sender:
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
