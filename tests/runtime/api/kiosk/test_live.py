"""The live stream on a real socket: what is told at once, what later, and to how many."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from runtime.api.access import Access
from runtime.api.kiosk.around import Around, Board
from runtime.api.kiosk.live import Live
from runtime.api.kiosk.status import Meter
from runtime.api.kiosk.stream import PATH
from runtime.api.ordering import HttpCommands
from runtime.api.scopes import Scope
from runtime.api.serving import Serving
from runtime.commands.registry.devices import Value
from runtime.commands.registry.house import House, State
from runtime.keyring import Keyring, add, file_of
from runtime.limits import Limits
from runtime.vitals import resident
from tests.support import commands_house
from tests.support.appliance import appliance, script
from tests.support.engine import EngineSimulator
from tests.support.keys import locked
from tests.support.live import looking_on

STREAMS = 200


class Rooms:
    """A house that changes, and what is around it."""

    def __init__(self) -> None:
        self.house = commands_house.house()
        self.around = Around()
        self.around.house = lambda: self.house

    def say(self, device: str, capability: str, value: Value) -> None:
        self.house = replace(
            self.house, states={**self.house.states, (device, capability): State(value, 1.0)}
        )


async def test_the_house_and_the_status_are_told_at_once_and_then_what_changes() -> None:
    rooms = Rooms()
    rooms.around.boards = lambda: [Board("uno-1", "uno", "1.2", connected=True)]
    rooms.around.broker = lambda: True
    async with (
        appliance(EngineSimulator(script("Paris")), around=rooms.around) as served,
        looking_on(served.client) as page,
    ):
        assert (await page.hear("history"))["every_s"] > 0
        house = await page.hear("house")
        light = next(each for each in house["devices"] if each["id"] == "kitchen.light")
        assert light["names"][1] == {"text": "廚房燈", "language": "zh-TW"}
        assert [each["name"] for each in light["capabilities"]] == ["power", "brightness"]
        states = (await page.hear("states"))["states"]
        assert states["kitchen.light"] == {"power": True, "brightness": 50.0}
        status = await page.hear("status", lambda said: said["state"] != "loading")
        assert (status["state"], status["broker"], status["commands"]) == ("ready", True, "off")
        assert status["boards"] == [{"id": "uno-1", "name": "uno", "firmware": "1.2", "connected": True}]
        assert [each["name"] for each in status["models"]] == ["tiny"]
        assert status["memory"] > 1 << 20

        rooms.say("hall.light", "power", value=True)
        assert await page.hear("states") == {"type": "states", "states": {"hall.light": {"power": True}}}
        rooms.house = replace(rooms.house, away=frozenset({"hall.light"}))
        assert (await page.hear("away"))["away"] == {"hall.light": True}
        rooms.house = House(version=2)
        assert (await page.hear("house"))["devices"] == []


async def test_a_house_that_comes_up_later_is_told_to_those_who_look_on_already() -> None:
    around = Around()
    async with appliance(EngineSimulator(), around=around) as served, looking_on(served.client) as page:
        assert (await page.hear("house"))["devices"] == []
        around.house = Rooms().around.house
        assert (await page.hear("house"))["devices"]


async def test_the_speed_of_an_answer_is_told_once_it_is_there() -> None:
    async with appliance(EngineSimulator(script("Paris"), token_s=0.01)) as served:
        async with looking_on(served.client) as page:
            await page.hear("status")
            await served.ask()
            told = await page.hear("status", lambda said: said["tokens_per_second"] is not None)
            assert told["tokens_per_second"] > 0
            assert told["models"][0]["tokens_per_second"] > 0
        async with looking_on(served.client) as page:
            history = await page.hear("history")
            assert any(history["tokens_per_second"])
            assert len(history["tokens_per_second"]) == len(history["memory"])


async def test_an_answer_of_few_tokens_tells_no_speed() -> None:
    async with (
        appliance(EngineSimulator(script("Paris"), token_s=0.001)) as served,
        looking_on(served.client) as page,
    ):
        assert (await served.ask(max_tokens=1))[1]["timings"]["predicted_per_second"] == 0
        for _ in range(2):
            told = await page.hear("status", lambda said: said["state"] == "ready")
            assert (told["tokens_per_second"], told["models"][0]["tokens_per_second"]) == (None, None)


async def test_a_slow_reader_misses_old_states_only() -> None:
    rooms, serving = Rooms(), Serving()
    live = Live(serving, rooms.around, Meter(serving, HttpCommands(wanted=False), rooms.around), 2)
    running = asyncio.create_task(live.run())
    slow, quick = live.stream("http"), live.stream("http")
    with live.entered(), live.entered():
        for stream in (slow, quick):
            while b"kitchen.light" not in await anext(stream):
                pass
        last = {"type": "states", "states": {"kitchen.light": {"brightness": 9.0}}}
        for level in range(10):
            rooms.say("kitchen.light", "brightness", float(level))
            while b"brightness" not in await asyncio.wait_for(anext(quick), 5):
                pass
        while b"brightness" not in (told := await asyncio.wait_for(anext(slow), 5)):
            pass
        assert json.loads(told.removeprefix(b"data: ")) == last
    running.cancel()


async def test_a_page_that_comes_too_late_for_a_place_is_told_so() -> None:
    async with appliance(EngineSimulator(), limits=Limits(live_streams=1, drain_seconds=0.1)) as served:
        async with looking_on(served.client) as page:
            await page.hear("status")
            async with served.client.get(PATH) as response:
                assert response.status == 503
                assert "limits.live_streams" in (await response.json())["error"]["message"]
        async with asyncio.timeout(5):
            while (await served.client.get(PATH)).status == 503:  # noqa: ASYNC110  the server notices in a moment
                await asyncio.sleep(0.01)


async def test_the_key_is_asked_for() -> None:
    async with appliance(EngineSimulator(), access=locked("sesame-7")) as served:
        async with served.client.get(PATH) as response:
            assert response.status == 401
        async with looking_on(served.client, Authorization="Bearer sesame-7") as page:
            await page.hear("status")


async def test_a_key_for_looking_after_the_appliance_is_told_of_it_and_not_of_the_house(
    tmp_path: Path,
) -> None:
    keys, rooms = file_of(tmp_path), Rooms()
    access = Access(keys=Keyring(path=keys), asked=True)
    async with appliance(EngineSimulator(), access=access, around=rooms.around) as served:
        boss, guest = add(keys, "boss", [Scope.ADMIN]), add(keys, "guest", [Scope.CHAT])
        async with served.client.get(PATH, headers={"Authorization": f"Bearer {guest}"}) as response:
            assert response.status == 403
        async with served.client.get(PATH, headers={"Authorization": f"Bearer {boss}"}) as response:
            heard: list[str] = []
            async with asyncio.timeout(20):
                while heard.count("status") < 2:
                    line = await response.content.readline()
                    rooms.say("hall.light", "power", value=True)
                    if line.startswith(b"data: "):
                        heard.append(json.loads(line[6:])["type"])
            assert set(heard) == {"history", "status"}


async def test_a_drain_does_not_wait_for_those_who_look_on() -> None:
    async with (
        appliance(EngineSimulator(), limits=Limits(drain_seconds=60)) as served,
        looking_on(served.client) as page,
    ):
        await page.hear("status")
        async with asyncio.timeout(20):
            await served.runner.cleanup()
        assert await page.hear("nothing") is None
        assert page.over


async def test_many_pages_cost_little_memory() -> None:
    rooms = Rooms()
    async with appliance(EngineSimulator(), around=rooms.around) as served:
        readers = []
        before = resident() or 0
        request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        for _ in range(STREAMS):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1 << 12)
            writer.write(request)
            readers.append((reader, writer))
        for reader, _ in readers:
            await asyncio.wait_for(reader.readuntil(b'"status"'[:1]), 20)
        for level in range(10):  # nobody reads on
            rooms.say("kitchen.light", "brightness", float(level))
            await asyncio.sleep(0.25)
        grown = (resident() or 0) - before
        print(f"{STREAMS} streams: {grown / (1 << 20):.1f} MiB, client's side included")
        assert grown < 50_000_000
        for _, writer in readers:
            writer.close()
