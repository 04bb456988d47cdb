"""Models come when they are asked for and leave when their place or time is over; nobody loses one in mid-answer."""

import asyncio
import gc
import random
import shutil
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import Bundle
from models.licences.policy import Policy
from models.manifest import MANIFEST_NAME
from models.store import Store
from runtime.completion import Completer
from runtime.errors import BundleError, CallerError, ModelNotFoundError
from runtime.limits import Limits
from runtime.residency.residents import Model, Residents
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.mqtt import until
from tests.support.small_bundle import write_bundle
from tests.support.whispers import tiny_whisper

MB = 1 << 20
ROOM_FOR_TWO = 110 * MB


class Shop:
    """A store of small models, and what has been loaded of it."""

    def __init__(self, root: Path, names: tuple[str, ...]) -> None:
        self.store = Store(root)
        self.loads: list[str] = []
        self.engines: list[EngineSimulator] = []
        self.models: weakref.WeakSet[Completer] = weakref.WeakSet()
        self.slow_s = 0.0
        self.failure: Exception | None = None
        for name in names:
            with self.store.staging() as staged:
                self.store.add(staged, write_bundle(staged, name=name, weights=name.encode()))

    async def load(self, bundle: Bundle) -> Model:
        self.loads.append(bundle.manifest.name)
        await asyncio.sleep(self.slow_s)
        if self.failure is not None:
            raise self.failure
        engine = EngineSimulator(loaded=replace(tiny_manifest(), name=bundle.manifest.name))
        self.engines.append(engine)
        completer = scripted_completer(engine, Limits())
        self.models.add(completer)
        return completer


@asynccontextmanager
async def residents(
    shop: Shop,
    *,
    budget: int = ROOM_FOR_TWO,
    keep_alive_s: float = 60.0,
    default: str = "a",
    give_back: Callable[[], object] = lambda: 0,
) -> AsyncGenerator[Residents]:
    there = Residents(
        shop.store,
        default,
        shop.load,
        policy=Policy(),
        budget=budget,
        keep_alive_s=keep_alive_s,
        give_back=give_back,
    )
    try:
        yield there
    finally:
        await there.close()


def names(there: Residents) -> list[str]:
    return [each.bundle.manifest.name for each in there.resident()]


async def use(there: Residents, name: str | None, keep_alive_s: float | None = None) -> None:
    async with there.completer(name, keep_alive_s=keep_alive_s):
        pass


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, ("a", "b", "c"))


async def test_a_model_is_loaded_once_however_many_ask(shop: Shop) -> None:
    shop.slow_s = 0.02
    async with residents(shop) as there:
        await asyncio.gather(*(use(there, "a") for _ in range(10)), use(there, None))
        assert shop.loads == ["a"]


async def test_of_a_model_in_memory_nothing_is_read_again_but_what_its_name_means(shop: Shop) -> None:
    async with residents(shop) as there:
        await use(there, "a")
        (shop.store.resolve("a").path / MANIFEST_NAME).unlink()
        await use(there, "a")
        shop.store.remove("a")
        with pytest.raises(ModelNotFoundError):
            await use(there, "a")


async def test_the_least_recently_used_makes_room(shop: Shop) -> None:
    async with residents(shop) as there:
        for name in ("a", "b", "a", "c"):
            await use(there, name)
        assert sorted(names(there)) == ["a", "c"]
        assert shop.loads == ["a", "b", "c"]


async def test_who_answers_is_waited_for(shop: Shop) -> None:
    async with residents(shop) as there, there.completer("a"):
        async with there.completer("b"):
            waiting = asyncio.create_task(use(there, "c"))
            await asyncio.sleep(0.02)
            assert shop.loads == ["a", "b"]
        await waiting
        assert names(there) == ["a", "c"]


async def test_a_model_leaves_when_its_time_is_over_and_not_while_it_is_used(shop: Shop) -> None:
    async with residents(shop, keep_alive_s=0.03) as there:
        await use(there, "a")
        assert names(there) == ["a"]
        await until(lambda: names(there) == [])
        async with there.completer("a"):
            await asyncio.sleep(0.06)
            assert names(there) == ["a"]


async def test_nothing_of_a_model_is_left_when_its_memory_is_given_back(shop: Shop) -> None:
    left: list[int] = []

    def look() -> None:
        gc.collect()
        left.append(len(shop.models))

    async with residents(shop, give_back=look) as there:
        for _ in range(3):
            await use(there, "a", 0)
        await until(lambda: len(left) == 3)
    assert left == [0, 0, 0]


async def test_who_asks_says_how_long_it_stays(shop: Shop) -> None:
    async with residents(shop, keep_alive_s=0.02) as there:
        await use(there, "a", -1)
        await use(there, "b", 0)
        await asyncio.sleep(0.05)
        assert names(there) == ["a"]
        assert there.resident()[0].until is None
        assert await there.unload("a")
        assert names(there) == []
        assert not await there.unload("a")


async def test_what_is_pinned_stays(shop: Shop) -> None:
    async with residents(shop, keep_alive_s=0.01) as there:
        await there.pin(shop.store.resolve("a"))
        await use(there, "a", 0)
        await use(there, "b")
        await use(there, "c")
        assert not await there.unload("a")
        await until(lambda: names(there) == ["a"])


async def test_what_cannot_be_loaded_is_said_to_all_and_tried_again(shop: Shop) -> None:
    shop.failure, shop.slow_s = BundleError("the tokenizer is another model's"), 0.01
    async with residents(shop) as there:
        failed = await asyncio.gather(*(use(there, "a") for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in failed] == [BundleError] * 3
        shop.failure = None
        await use(there, "a")
        assert shop.loads == ["a", "a"]


async def test_who_gives_up_waiting_leaves_nothing_behind_for_ever(shop: Shop) -> None:
    shop.slow_s = 0.03
    async with residents(shop, keep_alive_s=0.02) as there:
        impatient = asyncio.create_task(use(there, "a"))
        await asyncio.sleep(0.01)
        impatient.cancel()
        await until(lambda: names(there) == ["a"])
        await until(lambda: names(there) == [])


@pytest.mark.parametrize(
    ("name", "problem"),
    [("d", ModelNotFoundError), ("../../etc/passwd", ModelNotFoundError), ("a/../b", ModelNotFoundError)],
)
async def test_what_is_not_there_is_named(shop: Shop, name: str, problem: type[Exception]) -> None:
    async with residents(shop) as there:
        with pytest.raises(problem, match="a, b, c"):
            await use(there, name)


async def test_what_never_fits_is_refused_before_it_is_loaded(shop: Shop) -> None:
    async with residents(shop, budget=10 * MB) as there:
        with pytest.raises(CallerError, match="choose a smaller one"):
            await use(there, "a")
        assert not shop.loads


async def test_the_default_is_listed_first(shop: Shop) -> None:
    async with residents(shop, default="b") as there:
        assert [each.manifest.name for each in there.available()] == ["b", "a", "c"]


@pytest.mark.parametrize("seed", range(2))
async def test_at_no_time_more_than_fits_and_nobody_loses_a_model_in_use(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    shop = Shop(tmp_path, tuple("abcdef"))
    in_use: list[Completer] = []

    def closed(completer: Completer) -> bool:
        engine = completer.engine
        assert isinstance(engine, EngineSimulator)
        return engine.closed

    async with residents(shop, keep_alive_s=0.003) as there:

        async def person(pause: Callable[[], float]) -> None:
            for _ in range(6):
                async with there.completer(
                    chance.choice("abcdef"), keep_alive_s=chance.choice((None, 0, 0.002))
                ) as used:
                    in_use.append(used)
                    shop.slow_s = chance.random() / 500
                    await asyncio.sleep(pause())
                    assert not any(map(closed, in_use))
                    in_use.remove(used)
                assert sum(each.bytes for each in there.resident()) <= ROOM_FOR_TWO
                if chance.random() < 0.2:
                    await there.unload(chance.choice("abcdef"))

        await asyncio.gather(*(person(lambda: chance.random() / 300) for _ in range(6)))
        await until(lambda: names(there) == [])
    assert all(engine.closed for engine in shop.engines)


async def test_a_model_that_hears_is_not_loaded_to_answer(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "models", ("small",))
    built = tiny_whisper(tmp_path / "built")
    with shop.store.staging() as staged:
        shutil.copytree(built.path, staged / "tiny")
        shop.store.add(staged / "tiny", built.manifest)
    async with residents(shop) as models:
        with pytest.raises(CallerError, match="tiny writes no text; it is there to transcribe"):
            async with models.completer("tiny"):
                pass
    assert shop.loads == []
