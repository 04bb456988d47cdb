"""Everything at once, for half an hour, against a whole appliance: real model, real encoder, real mosquitto.

The time is cut into rounds. After each everybody leaves, the same conversations are had in all places of the engine, so
that the caches hold the same each time, and what the appliance holds is counted: memory, open files, threads, tasks.
The first rounds warm it up; from then on all of that has to stay as it is.

script/soak [MINUTES [ROUNDS]]
"""

import asyncio
import contextlib
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from models.pull import pull
from models.store import Store
from tests.support.history import Sender
from tests.support.house import environment
from tests.support.mqtt import running_mosquitto
from tests.support.soak_callers import PADDING, VISITS, OverfullError, Visit
from tests.support.soak_commands import write_house
from tests.test_end_to_end import free_port

MINUTES: Final = 30.0
ROUNDS: Final = 15
WARM: Final = 3
"""Rounds after which memory has what it needs."""
LOOKED_AT: Final = 3
"""Rounds after that, and at the end, whose middle is compared."""
FLAT: Final = 0.05
"""By how much it may be more at the end."""
SEED: Final = 7
_COMMANDS_A_SECOND: Final = 2.0
_SLOTS: Final = 8
_BELLS: Final = 40
_LONG: Final = 1 << 30
"""Bytes: of what has no file only the caches lie in so long a mapping, whose pages are taken as they are written."""
_MAPPING: Final = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ 0 *\n(?:\w+: .*\n)*?Anonymous: +(\d+)", re.MULTILINE
)
_QUIET_S: Final = 60.0
_FILL_S: Final = 300.0
_START_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds while it rests."""

    resident: float
    """MiB."""
    caches: float
    """What of that conversations have left in the caches, which have a bound of their own."""
    files: int
    threads: int
    tasks: int
    tokens: float
    """Generated since the start, and seconds that took."""
    seconds: float

    @property
    def besides(self) -> float:
        """MiB that are not caches."""
        return self.resident - self.caches

    @property
    def row(self) -> str:
        return (
            f"{self.resident:7.1f} MiB, {self.besides:.1f} besides caches  {self.files:3} files  "
            f"{self.threads:3} threads  {self.tasks:3} tasks"
        )


class Appliance:
    """`ingle serve` as a process, seen from outside."""

    def __init__(self, process: int, session: aiohttp.ClientSession) -> None:
        self._proc = Path(f"/proc/{process}")
        self._session = session

    async def ready(self) -> None:
        """Wait until chats and commands are taken."""
        async with asyncio.timeout(_START_S):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self._session.get("/health") as response:
                        if (await response.json()).get("commands") == "ready":
                            return
                await asyncio.sleep(0.2)

    async def samples(self) -> dict[str, float]:
        """What /metrics tells, summed over labels."""
        counted: defaultdict[str, float] = defaultdict(float)
        async with self._session.get("/metrics") as response:
            for line in (await response.text()).splitlines():
                if not line.startswith("#"):
                    name, value = line.rsplit(" ", 1)
                    counted[name.partition("{")[0]] += float(value)
        return counted

    async def rest(self) -> Held:
        """What is held once nothing is under way.

        Raises:
            TimeoutError: something goes on though nobody waits for it.
        """
        await self._fill()
        async with asyncio.timeout(_QUIET_S):
            while (now := await self.samples())["ingle_requests_running"] + now["ingle_requests_waiting"]:  # noqa: ASYNC110  another process
                await asyncio.sleep(0.5)
        await asyncio.sleep(3.0)
        now = await self.samples()
        status = (self._proc / "status").read_text(encoding="ascii")
        kib = {name: int(size) for name, size in re.findall(r"(VmRSS|Threads):\s+(\d+)", status)}
        return Held(
            kib["VmRSS"] / 1024,
            _caches((self._proc / "smaps").read_text(encoding="utf-8")),
            len(list((self._proc / "fd").iterdir())),
            kib["Threads"],
            int(now["ingle_tasks"]),
            now["ingle_completion_tokens_total"],
            now["ingle_decode_seconds_total"],
        )

    async def _fill(self) -> None:
        """Have the same conversations in all places at once, longer than any before; each has to be answered."""

        async def one(number: int) -> None:
            told = [
                {"role": "system", "content": f"{number}. {PADDING} {PADDING}"},
                {"role": "user", "content": "Hello"},
            ]
            body = {"messages": told, "max_tokens": 8}
            async with self._session.post("/v1/chat/completions", json=body) as response:
                assert response.status == 200, await response.text()

        async with asyncio.timeout(_FILL_S):
            await asyncio.gather(*map(one, range(_SLOTS)))


def _caches(smaps: str) -> float:
    """MiB."""
    found = ((int(end, 16) - int(begin, 16), int(kib)) for begin, end, kib in _MAPPING.findall(smaps))
    return sum(kib for size, kib in found if size > _LONG) / 1024


class Load:
    """Everybody who comes, and what became of each."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.visits: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    async def run(self, seconds: float, number: int) -> None:
        """One round."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for place, (visit, rest_s) in enumerate(VISITS):
                chance = random.Random(f"{SEED} {number} {place}")
                tasks.create_task(self._come(visit, rest_s, chance, until))

    async def _come(self, visit: Visit, rest_s: float, chance: random.Random, until: float) -> None:
        while time.monotonic() < until:
            async with aiohttp.ClientSession(self._url) as session:
                for _ in range(chance.randrange(1, 6)):
                    await self._once(visit, session, chance)
                    await asyncio.sleep(chance.uniform(0, 2 * rest_s))

    async def _once(self, visit: Visit, session: aiohttp.ClientSession, chance: random.Random) -> None:
        self.visits[visit.__name__] += 1
        try:
            await visit(session, chance)
        except OverfullError:
            self.visits["told to come back"] += 1
        except (AssertionError, aiohttp.ClientError, ConnectionError) as exc:
            self.wrong[f"{visit.__name__}: {type(exc).__name__}: {exc}"[:300]] += 1


async def soak(minutes: float = MINUTES, rounds: float = ROUNDS) -> bool:
    """Print a row a round and a verdict; whether all is as it should be."""
    test_state = Path(os.environ.get("INGLENOOK_TEST_STATE", Path.home() / ".cache/inglenook-tests"))
    for name in ("smollm2-135m", "all-minilm-l6-v2"):
        pull(name, Store.below(test_state), lambda _: None)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        url = f"http://127.0.0.1:{port}"
        (folder / "models").symlink_to(Store.below(test_state).root)
        write_house(folder)
        async with running_mosquitto(folder) as broker:
            here = environment(
                folder,
                INGLE_MODEL_NAME="smollm2-135m",
                INGLE_SERVER_PORT=str(port),
                INGLE_MQTT_BROKER=str(broker.address),
                INGLE_MQTT_NODE="home",
            )
            with (folder / "log").open("wb") as log:
                node = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "runtime", "serve"),
                    env=here,
                    stdout=log,
                    stderr=log,
                )
                try:
                    async with (
                        aiohttp.ClientSession(url) as session,
                        Sender(broker.address, ("ingle/home/command",), bells=_BELLS) as sender,
                    ):
                        return await _rounds(
                            minutes, int(rounds), Appliance(node.pid, session), Load(url), sender
                        )
                finally:
                    node.terminate()
                    await node.wait()


async def _rounds(minutes: float, rounds: int, appliance: Appliance, load: Load, sender: Sender) -> bool:
    await appliance.ready()
    held = [await appliance.rest()]
    seconds = minutes * 60 / rounds
    print(f"seed {SEED}, {rounds} rounds of {seconds:.0f} s\n   0      0 s  {held[0].row}", flush=True)
    begun = time.monotonic()
    for number in range(1, rounds + 1):
        commands = asyncio.create_task(sender.pace(seconds * _COMMANDS_A_SECOND, _COMMANDS_A_SECOND))
        await load.run(seconds, number)
        await commands
        await sender.answers(within_s=60)
        before, now = held[-1], await appliance.rest()
        held.append(now)
        pace = (now.tokens - before.tokens) / max(now.seconds - before.seconds, 1e-9)
        print(f"{number:4}  {time.monotonic() - begun:5.0f} s  {now.row}  {pace:6.1f} tokens/s", flush=True)
    return _verdict(held, load, sender)


def _grown(what: str, mib: list[float]) -> float:
    """By how much more it is at the end than once warm; printed, too."""
    before = statistics.median(mib[WARM + 1 : WARM + 1 + LOOKED_AT])
    after = statistics.median(mib[-LOOKED_AT:])
    print(
        f"{what}: {before:.1f} MiB once warm, {after:.1f} MiB at the end: {100 * (after / before - 1):+.1f} %"
    )
    return after / before - 1


def _verdict(held: list[Held], load: Load, sender: Sender) -> bool:
    warm, last = held[: WARM + 1], held[-1]
    whole = _grown("memory", [each.resident for each in held])
    besides = _grown("memory besides the caches", [each.besides for each in held])
    unanswered, happened = sender.history.unanswered(), sender.history.effects
    twice = [effect for effect in sender.history.sent.values() if happened[effect] > 1]
    print(dict(load.visits))
    print(
        f"{len(sender.history.sent)} commands over MQTT: {len(unanswered)} without an answer, {len(twice)} twice"
    )
    for problem, times in load.wrong.most_common():
        print(f"wrong {times} times: {problem}")
    sound = {
        f"memory is flat within {100 * FLAT:.0f} %": whole <= FLAT,
        f"memory besides the caches is flat within {100 * FLAT:.0f} %": besides <= FLAT,
        "no file, thread or task more is open": last.files <= max(each.files for each in warm)
        and last.threads <= max(each.threads for each in warm)
        and last.tasks <= max(each.tasks for each in warm),
        "no command is lost or doubled": not unanswered and not twice,
        "every answer is as it should be": not load.wrong,
    }
    for what, good in sound.items():
        print(f"{'yes' if good else 'NO '}  {what}")
    return all(sound.values())


if __name__ == "__main__":
    sys.exit(not asyncio.run(soak(*map(float, sys.argv[1:]))))
