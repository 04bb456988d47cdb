"""A desk that goes down at random moments: every order acknowledged is answered, and nothing is done twice.

INGLENOOK_TEST_KILLS and INGLENOOK_TEST_CUTS say how often it is killed, and its disk's power cut.
"""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.commands.order import Status
from tests.support.doomed import LAMPS, action, read, serve
from tests.support.power import disk_below

pytestmark = pytest.mark.counted

KILLS = int(os.environ.get("INGLENOOK_TEST_KILLS", "40"))
CUTS = int(os.environ.get("INGLENOOK_TEST_CUTS", "4"))
SEED = int(os.environ.get("INGLENOOK_TEST_SEED", "20261123"))
ORDERS = 40
"""For each time it is killed."""


class Doom:
    """One life of a desk after the other."""

    def __init__(self, folder: Path, journal: Path, orders: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.support.doomed"])
        self._folder, self._journal, self._orders = folder, journal, orders
        self._dice = random.Random(SEED)
        self.at_work = 0
        """How often it was hit before it was done."""

    def live(self, end: Callable[[], None] | None) -> None:
        """Begin, and after a while `end` it and kill it; None lets it finish."""
        ours, theirs = self._context.Pipe()
        arguments = (self._folder, self._journal, self._orders, self._dice.random(), theirs)
        child = self._context.Process(target=serve, args=arguments)
        child.start()
        assert ours.recv() == "begun"
        if end is None:
            assert ours.recv() == "done"
        else:
            time.sleep(self._dice.uniform(0.0, 0.15))
            # Without power the processor stops, too: an fsync that the cut overtakes may return to nobody.
            os.kill(child.pid or 0, signal.SIGSTOP)
            time.sleep(0.01)
            end()
            self.at_work += not ours.poll()
            child.kill()
        child.join()


def test_orders_survive_a_desk_that_is_killed(tmp_path: Path) -> None:
    print(f"seed {SEED}, {KILLS} kills")
    doom = Doom(tmp_path, tmp_path / "journal.db", ORDERS * KILLS)
    for _ in range(KILLS):
        doom.live(lambda: None)
    doom.live(None)
    assert doom.at_work > KILLS / 2
    check(tmp_path, ORDERS * KILLS)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_orders_survive_a_power_cut(tmp_path: Path) -> None:
    print(f"seed {SEED}, {CUTS} cuts")
    with disk_below(tmp_path) as disk:
        doom = Doom(tmp_path, disk.at / "journal.db", ORDERS * CUTS)
        for _ in range(CUTS):
            doom.live(disk.cut)
            disk.unmount()
            disk.mount()
        doom.live(None)
        assert not list(disk.at.glob("*.unusable")), "a cut is no damage"
    assert doom.at_work > CUTS / 2
    check(tmp_path, ORDERS * CUTS)


def check(folder: Path, orders: int) -> None:
    """Hold what happened against what was said of it."""
    acknowledged = {int(line) for line in read(folder / "acknowledged")}
    assert acknowledged == set(range(orders))
    told: defaultdict[int, set[Status]] = defaultdict(set)
    for line in read(folder / "told"):
        name, said = line.split()
        told[int(name)].add(Status(said))
    effects = Counter(read(folder / "effects"))
    for number in range(orders):
        assert len(told[number]) == 1, f"order {number} was answered {told[number]}"
        (status,) = told[number]
        wanted = action(number)
        count = effects[f"{wanted.device}/{wanted.capability} {wanted.value!r}"]
        assert status in {Status.SENT, Status.UNKNOWN}, f"order {number} was {status}"
        assert count or status is Status.UNKNOWN, f"order {number} was {status}, and did not happen"
        assert count <= 1 or wanted.value is not None, f"the bell of order {number} rang {count} times"
    for lamp in range(LAMPS):
        levels = [
            int(line.split()[1]) for line in read(folder / "effects") if line.startswith(f"lamp-{lamp}/")
        ]
        assert levels == sorted(levels), f"lamp {lamp} went back"
    unknown = sum(Status.UNKNOWN in each for each in told.values())
    twice = sum(1 for count in effects.values() if count > 1)
    print(f"{orders} orders: {unknown} unknown, {twice} values set twice")
    assert unknown < orders / 5
