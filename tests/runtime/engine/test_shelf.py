"""Prefix files: bit for bit what was computed, or not used; written whole or not at all; never more than allowed.

INGLENOOK_TEST_KILLS and INGLENOOK_TEST_CUTS say how often the writer is killed, and its disk's power cut.
"""

import fcntl
import logging
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.engine import prefix_file
from runtime.engine.bank import Slot, new_slot
from runtime.engine.prefix_file import Piece
from runtime.engine.session import Session
from runtime.engine.shelf import Shelf
from tests.support.hybrid import VOCABULARY, hybrid_bundle
from tests.support.power import disk_below
from tests.support.shelving import write_for_ever

DIGEST = bytes(range(32))
MOST = 512
KILLS = int(os.environ.get("INGLENOOK_TEST_KILLS", "20"))
CUTS = int(os.environ.get("INGLENOOK_TEST_CUTS", "3"))
SEED = 20261123
REST = (9, 8, 7, 6)


@dataclass(frozen=True)
class Computed:
    """A prefix, what it leaves, and the logits of what follows."""

    ids: tuple[int, ...]
    pieces: tuple[Piece, ...]
    logits: NDArray[np.float32]

    @property
    def prompt(self) -> tuple[int, ...]:
        return (*self.ids, *REST)

    @property
    def memory(self) -> int:
        return sum(piece.nbytes for piece in self.pieces)

    @property
    def size(self) -> int:
        return prefix_file.size_of(len(self.ids), self.memory)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("hybrid") / "b"
    return Session(path, hybrid_bundle(path), threads=1)


@pytest.fixture(scope="module")
def computed(session: Session) -> list[Computed]:
    return [compute(session, seed) for seed in range(3)]


def append(slot: Slot, ids: tuple[int, ...]) -> NDArray[np.float32]:
    return slot.prefill(np.array(ids), asked=np.array([len(ids) - 1]))


def compute(session: Session, seed: int, count: int = 100) -> Computed:
    ids = tuple(random.Random(seed).choices(range(VOCABULARY), k=count))
    slot = new_slot(session)
    append(slot, ids)
    pieces = slot.cache.copy(count)
    assert pieces is not None
    return Computed(ids, pieces, append(slot, REST))


def shelf_in(directory: Path, digest: bytes = DIGEST, *, room: int = 1 << 30, reserve: int = 0) -> Shelf:
    return Shelf(directory, digest, room=room, most=MOST, reserve=reserve)


def put(shelf: Shelf, prefix: Computed) -> None:
    shelf.store(prefix.ids, prefix.pieces)
    shelf.close()


def restored(session: Session, shelf: Shelf, prefix: Computed) -> bool:
    """Whether the shelf had it; the logits behind it are right either way."""
    slot = new_slot(session)
    append(slot, (1, 2, 3))  # a slot is seldom fresh
    found = shelf.restore(prefix.prompt, slot.cache, beyond=0)
    if not found:
        if found is None:
            slot.cache.trim(0)
        append(slot, prefix.ids)
    assert slot.cache.tokens == len(prefix.ids)
    np.testing.assert_array_equal(append(slot, REST), prefix.logits)
    return bool(found)


def test_a_restored_prefix_is_the_computed_one_bit_for_bit(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    put(shelf_in(tmp_path / "shelf"), computed[0])
    shelf = shelf_in(tmp_path / "shelf")
    assert restored(session, shelf, computed[0])
    assert not restored(session, shelf, computed[1])
    assert (shelf.restored, shelf.size) == (1, computed[0].size)


def test_only_its_owner_can_read_it(computed: list[Computed], tmp_path: Path) -> None:
    put(shelf_in(tmp_path / "shelf"), computed[0])
    (path,) = (tmp_path / "shelf").glob("*.prefix")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_size == computed[0].size


def test_two_tokens_are_left_to_run_and_little_is_not_fetched(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    ids, cache = computed[0].ids, new_slot(session).cache
    shelf = shelf_in(tmp_path / "shelf")
    put(shelf, computed[0])
    assert shelf.restore((*ids, 1), cache, beyond=0) is None
    assert shelf.restore((*ids, 1, 2), cache, beyond=len(ids)) is None
    assert shelf.restore((*ids, 1, 2), cache, beyond=len(ids) - 1) == len(ids)


def test_the_longest_is_taken(session: Session, tmp_path: Path) -> None:
    short, long = compute(session, 1, 50), compute(session, 1, 150)
    assert long.ids[:50] == short.ids
    shelf = shelf_in(tmp_path / "shelf")
    put(shelf, short)
    put(shelf, long)
    cache = new_slot(session).cache
    assert shelf.restore(long.prompt, cache, beyond=0) == 150
    assert shelf.restore((*long.ids[:100], 1, 2), cache, beyond=0) == 50


MUTATIONS = st.one_of(
    st.tuples(st.just("flip"), st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.floats(0, 1, exclude_max=True), st.just(0)),
    st.tuples(st.just("add"), st.just(0.0), st.integers(1, 5000)),
    st.tuples(st.just("zero"), st.floats(0, 1, exclude_max=True), st.integers(1, 5000)),
    st.tuples(st.just("drop"), st.floats(0, 1, exclude_max=True), st.integers(1, 5000)),
)


def mutated(data: bytes, what: str, where: float, value: int) -> bytes:
    place = int(where * len(data))
    match what:
        case "flip":
            return data[:place] + bytes([data[place] ^ value]) + data[place + 1 :]
        case "cut":
            return data[:place]
        case "add":
            return data + bytes(value)
        case "zero":
            return data[:place] + bytes(len(data[place : place + value])) + data[place + value :]
    return data[:place] + data[place + value :]


@given(MUTATIONS, st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_file_with_a_wrong_byte_is_computed_again_and_gone(
    session: Session,
    computed: list[Computed],
    tmp_path: Path,
    mutation: tuple[str, float, int],
    open_already: bool,  # noqa: FBT001  hypothesis passes by name
) -> None:
    directory = tmp_path / "shelf"
    for path in directory.glob("*.prefix"):
        path.unlink()
    put(shelf_in(directory), computed[0])
    (path,) = directory.glob("*.prefix")
    before = shelf_in(directory)
    whole = path.read_bytes()
    wrong = mutated(whole, *mutation)
    path.write_bytes(wrong)
    shelf = before if open_already else shelf_in(directory)
    assert restored(session, shelf, computed[0]) == (wrong == whole)
    assert path.exists() == (wrong == whole)


@given(st.binary(max_size=4096))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_by_our_name_are_no_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / f"{DIGEST.hex()[:16]}-anything.prefix"
    path.write_bytes(data)
    assert shelf_in(tmp_path).size == 0
    assert not path.exists()


def test_a_file_under_anothers_name_is_never_taken_for_it(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    for prefix in computed[:2]:
        put(shelf_in(tmp_path), prefix)
    shelf = shelf_in(tmp_path)
    first, second = tmp_path.glob("*.prefix")
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)
    assert not restored(session, shelf, computed[0])
    assert not restored(session, shelf, computed[1])


def test_what_another_computation_left_is_not_used_and_not_dropped(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    put(shelf_in(tmp_path), computed[0])
    other = shelf_in(tmp_path, bytes(32))
    assert other.size == 0
    assert not restored(session, other, computed[0])
    assert restored(session, shelf_in(tmp_path), computed[0])


def test_a_prefix_is_wanted_when_it_comes_back(computed: list[Computed], tmp_path: Path) -> None:
    shelf = shelf_in(tmp_path, room=3 * computed[0].size)
    first, second, third = computed
    assert not shelf.wants(first.ids, first.memory)
    assert shelf.wants(first.ids, first.memory)
    put(shelf, first)
    assert not shelf.wants(first.ids, first.memory), "it is there"
    assert not shelf.wants(second.ids, 3 * second.size), "more than fits"
    assert shelf.wants(second.ids, second.memory)
    put(shelf, second)
    put(shelf, third)
    another = (1, *first.ids)
    assert [shelf.wants(another, first.memory) for _ in range(3)] == [False] * 3, "enough for a day"


def test_the_least_recently_used_makes_room(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    room = 2 * computed[0].size
    for age, prefix in ((300, computed[0]), (200, computed[1])):
        put(shelf_in(tmp_path, room=room), prefix)
        newest = max(tmp_path.glob("*.prefix"), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (time.time() - age,) * 2)
    assert restored(session, shelf_in(tmp_path, room=room), computed[0])
    put(shelf_in(tmp_path, room=room), computed[2])
    shelf = shelf_in(tmp_path, room=room)
    assert [restored(session, shelf, prefix) for prefix in computed] == [True, False, True]
    assert sum(path.stat().st_size for path in tmp_path.glob("*.prefix")) <= room


def test_less_room_than_before_is_held_to_at_the_start(computed: list[Computed], tmp_path: Path) -> None:
    room = sum(prefix.size for prefix in computed[:2])
    for prefix in computed[:2]:
        put(shelf_in(tmp_path, room=room), prefix)
    assert shelf_in(tmp_path, room=room).size == room
    assert shelf_in(tmp_path, room=room - 1).size == computed[1].size
    assert shelf_in(tmp_path, room=1).size == 0
    assert not list(tmp_path.glob("*.prefix"))


def test_what_is_no_file_is_left_alone(computed: list[Computed], tmp_path: Path) -> None:
    put(shelf_in(tmp_path), computed[0])
    (path,) = tmp_path.glob("*.prefix")
    path.unlink()
    os.mkfifo(path)  # to open one waits for whoever would write to it
    assert shelf_in(tmp_path).size == 0


def test_while_another_process_writes_nothing_is_written_or_swept(
    computed: list[Computed], tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    part = tmp_path / "x.1.part"
    part.touch()
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        put(shelf, computed[0])
        shelf_in(tmp_path)
        assert part.exists()
        assert not list(tmp_path.glob("*.prefix"))
    shelf_in(tmp_path)
    assert not part.exists()


def test_another_process_may_take_a_file_away(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    put(shelf, computed[0])
    (path,) = tmp_path.glob("*.prefix")
    path.unlink()
    assert not restored(session, shelf, computed[0])
    assert shelf.size == 0


def test_a_directory_that_cannot_be_used_is_said_once(
    session: Session, computed: list[Computed], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "shelf").write_text("not a directory")
    with caplog.at_level(logging.WARNING):
        shelf = shelf_in(tmp_path / "shelf")
        for _ in range(3):
            put(shelf, computed[0])
            assert not restored(session, shelf, computed[0])
    assert len(caplog.records) == 1


def test_room_on_the_disk_is_left_to_others(
    computed: list[Computed], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        shelf = shelf_in(tmp_path, reserve=1 << 60)
        put(shelf, computed[0])
        put(shelf, computed[0])
    assert not list(tmp_path.glob("*.prefix"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "are free" in caplog.text
    assert not any(shelf.wants(computed[0].ids, computed[0].memory) for _ in range(2)), "not tried at once"


@contextmanager
def disk_of(inodes: int, at: Path) -> Iterator[None]:
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"nr_inodes={inodes}", "tmpfs", str(at)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_said_once_and_gone_on_without(
    session: Session, computed: list[Computed], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with disk_of(3, tmp_path / "disk"), caplog.at_level(logging.WARNING):
        shelf = shelf_in(tmp_path / "disk")  # the directory and the lock are two
        (tmp_path / "disk" / "full").touch()
        put(shelf, computed[0])
        put(shelf, computed[0])
        assert not restored(session, shelf, computed[0])
        assert len(caplog.records) == 1
        assert "No space left" in caplog.text
        (tmp_path / "disk" / "full").unlink()
        put(shelf, computed[0])
        assert restored(session, shelf, computed[0])


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_fails_in_the_middle_leaves_nothing(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    shelf = shelf_in(tmp_path)
    with no_file_longer_than(computed[0].size - 1):
        put(shelf, computed[0])
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    assert not restored(session, shelf, computed[0])


def test_a_kill_at_any_moment_leaves_no_wrong_prefix(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.shelving"])
    prefixes = {prefix.ids: prefix.pieces for prefix in computed}
    moments = random.Random(SEED)
    found = unfinished = 0
    for _ in range(KILLS):
        ours, theirs = context.Pipe()
        child = context.Process(target=write_for_ever, args=(tmp_path, DIGEST, prefixes, theirs))
        child.start()
        ours.recv()
        time.sleep(moments.uniform(0, 0.05))
        child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        unfinished += len(list(tmp_path.glob("*.part")))
        shelf = shelf_in(tmp_path)
        found += sum(restored(session, shelf, prefix) for prefix in computed)
        assert not list(tmp_path.glob("*.part")), "swept"
    print(
        f"seed {SEED}: {KILLS} kills, {unfinished} in mid-file; {found} of {3 * KILLS} prefixes were restored"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_power_cut_leaves_what_was_written_and_no_wrong_prefix(
    session: Session, computed: list[Computed], tmp_path: Path
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.shelving"])
    prefixes = {prefix.ids: prefix.pieces for prefix in computed[1:]}
    moments = random.Random(SEED)
    found = 0
    with disk_below(tmp_path) as disk:
        directory = disk.at / "prefixes"
        for _ in range(CUTS):
            put(shelf_in(disk.at / "safe"), computed[0])
            ours, theirs = context.Pipe()
            child = context.Process(target=write_for_ever, args=(directory, DIGEST, prefixes, theirs))
            child.start()
            ours.recv()
            time.sleep(moments.uniform(0, 0.2))
            disk.cut()
            child.kill()
            child.join()
            disk.unmount()
            disk.mount()
            assert restored(session, shelf_in(disk.at / "safe"), computed[0]), "it was on the disk"
            found += sum(restored(session, shelf_in(directory), prefix) for prefix in computed)
    print(f"seed {SEED}: {CUTS} power cuts, {found} of {2 * CUTS} prefixes in flight were restored")
