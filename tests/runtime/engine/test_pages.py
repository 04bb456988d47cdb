"""What loading read of a bundle's files is let go of, and reads the same when it is used again."""

import mmap
import re
from pathlib import Path

import numpy as np

from runtime.engine import pages
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.tiny import tiny_bundle

PIECE = 16 * mmap.PAGESIZE


def resident(directory: Path) -> int:
    """Bytes of the files mapped from `directory` that are in this process's memory."""
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        if head := re.match(r"[0-9a-f]+-[0-9a-f]+ (.*)", line):
            ours = f"{directory.resolve()}/" in head[1]
        elif ours and (size := re.match(r"Rss: +(\d+) kB", line)):
            total += int(size[1]) << 10
    return total


def mapped(path: Path) -> mmap.mmap:
    """A private, writable map, as onnxruntime's are, every page of it read."""
    path.parent.mkdir()
    path.write_bytes(bytes(range(256)) * (PIECE // 256))
    with path.open("rb") as file:
        memory = mmap.mmap(
            file.fileno(), PIECE, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE
        )
    assert sum(memory[:: mmap.PAGESIZE]) == 0
    return memory


def test_only_what_lies_in_the_directory_is_let_go_of(tmp_path: Path) -> None:
    here, there = mapped(tmp_path / "bundle" / "a name"), mapped(tmp_path / "bundle-2" / "data")
    assert resident(tmp_path / "bundle") == resident(tmp_path / "bundle-2") == PIECE
    pages.give_back(tmp_path / "bundle")
    assert resident(tmp_path / "bundle") == 0
    assert resident(tmp_path / "bundle-2") == PIECE
    assert here[:256] == there[:256] == bytes(range(256))


def test_a_link_to_the_directory_will_do(tmp_path: Path) -> None:
    memory = mapped(tmp_path / "bundle" / "data")
    (tmp_path / "link").symlink_to(tmp_path / "bundle")
    pages.give_back(tmp_path / "link")
    assert resident(tmp_path / "bundle") == 0
    assert memory[255] == 255


def test_a_loaded_bundle_takes_no_memory_but_what_is_packed(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", recipe="int4-affine")
    session = Session(tmp_path / "b", manifest, threads=1)
    assert resident(tmp_path / "b") == 0
    asked = np.array([2])
    first = new_slot(session).prefill(np.array([1, 2, 3]), asked=asked).copy()
    assert resident(tmp_path / "b") > 0, "the words were looked up in the file"
    pages.give_back(tmp_path / "b")
    assert np.array_equal(new_slot(session).prefill(np.array([1, 2, 3]), asked=asked), first)
