"""A desk that is killed at random moments: every order acknowledged is answered, and nothing is done twice.

INGLENOOK_TEST_KILLS says how often.
"""

import multiprocessing
import os
import random
import time
from collections import Counter, defaultdict
from pathlib import Path

from runtime.commands.order import Status
from tests.support.doomed import LAMPS, action, read, serve

KILLS = int(os.environ.get("INGLENOOK_TEST_KILLS", "40"))
SEED = int(os.environ.get("INGLENOOK_TEST_SEED", "20261123"))
ORDERS = 40 * KILLS


def test_orders_survive_a_desk_that_is_killed(tmp_path: Path) -> None:
    print(f"seed {SEED}, {KILLS} kills")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.doomed"])
    moments = random.Random(SEED)
    unfinished = 0
    for turn in range(KILLS + 1):
        ours, theirs = context.Pipe()
        child = context.Process(target=serve, args=(tmp_path, ORDERS, moments.random(), theirs))
        child.start()
        assert ours.recv() == "begun"
        if turn == KILLS:
            assert ours.recv() == "done"
        else:
            time.sleep(moments.uniform(0.0, 0.15))
            unfinished += not ours.poll()
            child.kill()
        child.join()
    assert unfinished > KILLS / 2, "most kills are to hit it at work"
    check(tmp_path)


def check(folder: Path) -> None:
    """Hold what happened against what was said of it."""
    acknowledged = {int(line) for line in read(folder / "acknowledged")}
    assert acknowledged == set(range(ORDERS))
    told: defaultdict[int, set[Status]] = defaultdict(set)
    for line in read(folder / "told"):
        name, said = line.split()
        told[int(name)].add(Status(said))
    effects = Counter(read(folder / "effects"))
    for number in range(ORDERS):
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
    print(f"{ORDERS} orders: {unknown} unknown, {twice} values set twice")
    assert unknown < ORDERS / 10
