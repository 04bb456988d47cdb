"""Nobody computes beside anybody, and whoever computes all the time keeps nobody out."""

import threading
import time

import pytest

from runtime.engine.turns import Turns


def test_one_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turns:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_nobody_is_overtaken_twice() -> None:
    turns, over = Turns(), threading.Event()
    order: list[str] = []

    def work(name: str) -> None:
        while not over.is_set():
            with turns:
                order.append(name)
                time.sleep(0.001)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    while len(order) < 60:
        time.sleep(0.005)
    over.set()
    for thread in threads:
        thread.join()
    started = order[max(map(order.index, "abc")) : -3]  # all three have begun, and none has left yet
    assert all(set(started[at : at + 3]) == set("abc") for at in range(0, len(started) - 2, 3))


def test_who_fails_leaves_the_turn() -> None:
    turns = Turns()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns:
            1 / 0  # noqa: B018  it fails
