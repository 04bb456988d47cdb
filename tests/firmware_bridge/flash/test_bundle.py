"""Bundles: what is made is read, and what is wrong with one is named."""

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.flash import bundle, manifest
from firmware_bridge.flash.bundle import described
from firmware_bridge.flash.check import check
from firmware_bridge.flash.errors import BundleError, ContentError, ManifestError, NoProgramError
from firmware_bridge.flash.manifest import BOOT_LOADERS, Avrdude, Esptool, Manifest, Smp
from firmware_bridge.smp import image

ESP = Esptool("esp32", 115200)
UNO = Avrdude("atmega328p", "arduino", 115200)
FILES = {"uno.hex": b":02000000FFCF30\n:00000001FF\n"}


def uno() -> Manifest:
    return described("lamp", "1.2.3", "uno", UNO, FILES, describes_itself=True)


def spoilt(change: Callable[[dict[str, Any]], object]) -> bytes:
    said = json.loads(manifest.write(uno()))
    change(said)
    return json.dumps(said).encode()


def test_what_is_made_is_read_and_is_the_same_each_time(tmp_path: Path) -> None:
    bundle.write(tmp_path / "one.zip", uno(), FILES)
    bundle.write(tmp_path / "two.zip", uno(), FILES)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    found = bundle.read(tmp_path / "one.zip")
    assert found.manifest == uno()
    assert found.files == FILES
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.zip", "two.zip"]


words = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True)
methods = st.one_of(
    st.builds(Esptool, words, st.integers(300, 4_000_000)),
    st.builds(Avrdude, words, st.sampled_from(BOOT_LOADERS), st.integers(300, 4_000_000)),
)


@given(
    words, words, words, methods, st.binary(min_size=1, max_size=99), st.booleans(), st.integers(0, 1 << 20)
)
def test_a_manifest_is_what_it_was(
    name: str, version: str, board: str, method: Esptool | Avrdude, data: bytes, describes: bool, offset: int  # noqa: FBT001  hypothesis gives it
) -> None:  # fmt: skip
    offsets = {"a.bin": offset} if isinstance(method, Esptool) else None
    said = described(
        name, version, board, method, {"a.bin": data}, describes_itself=describes, offsets=offsets
    )
    assert manifest.read(manifest.write(said)) == said


@given(st.binary(max_size=300))
def test_garbage_is_no_manifest(raw: bytes) -> None:
    with pytest.raises(ManifestError):
        manifest.read(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_json_in_any_place_is_refused_or_read(value: Any) -> None:
    said = json.loads(manifest.write(uno()))
    for key in [*said, "other"]:
        try:
            manifest.read(json.dumps(said | {key: value}).encode())
        except ManifestError:
            continue


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (spoilt(lambda x: x.update(schema=2)), "schema 2"),
        (spoilt(lambda x: x.update(schema=True)), "schema"),
        (spoilt(lambda x: x.update(signature="x")), "'signature', which is not known here"),
        (spoilt(lambda x: x.pop("board")), "no 'board'"),
        (spoilt(lambda x: x.update(method="dd")), "'dd' is no method"),
        (spoilt(lambda x: x["avrdude"].update(part="-Uflash:w:/etc/passwd:r")), "'part'"),
        (spoilt(lambda x: x["avrdude"].update(speed=1)), "'speed'"),
        (spoilt(lambda x: x["files"][0].update(name="../uno.hex")), "'name'"),
        (spoilt(lambda x: x["files"][0].update(name="-D")), "'name'"),
        (spoilt(lambda x: x["files"][0].update(name="C:uno.hex")), "'name'"),
        (spoilt(lambda x: x["files"][0].update(name="manifest.json")), "one name"),
        (spoilt(lambda x: x["files"][0].update(size=1 << 40)), "'size'"),
        (spoilt(lambda x: x["files"][0].update(sha256="AA" * 32)), "'sha256'"),
        (spoilt(lambda x: x["files"].append(x["files"][0])), "one name"),
        (spoilt(lambda x: x.update(files=[])), "needs 1 to 16 files"),
        (spoilt(lambda x: x.update(name="lamp\x1b[2J")), "'name'"),
        (b'{"schema": 1, "schema": 1}', "given twice"),
        (b'{"schema": NaN}', "NaN"),
        (b"[" * 60000, "JSON"),
        (b" " * 70000, "70000 bytes"),
    ],
)
def test_what_cannot_be_is_named(raw: bytes, why: str) -> None:
    with pytest.raises(ManifestError, match=why):
        manifest.read(raw)


@pytest.mark.parametrize("programmer", ["usbasp", "stk500v1", "Arduino", "arduino_as_isp"])
def test_what_may_erase_the_boot_loader_is_refused(programmer: str) -> None:
    with pytest.raises(
        ManifestError, match=f"'{programmer}' may erase the boot loader .* avr109 or butterfly, or call"
    ):
        manifest.read(spoilt(lambda x: x["avrdude"].update(programmer=programmer)))


def test_files_that_overwrite_each_other() -> None:
    files = {"a.bin": bytes(100), "b.bin": bytes(100)}
    said = described(
        "x",
        "1",
        "esp",
        Esptool("esp32", 115200),
        files,
        describes_itself=False,
        offsets={"a.bin": 0, "b.bin": 99},
    )
    with pytest.raises(ManifestError, match="overwrite"):
        manifest.write(said)


def test_check_is_of_every_byte() -> None:
    raw = manifest.write(uno())
    assert check(raw, FILES) == uno()
    for files, why in (
        ({}, "is missing"),
        (FILES | {"more.hex": b""}, "not in its manifest"),
        ({"uno.hex": b":02000000FFCF30\n:00000001FE\n"}, "not the file"),
        ({"uno.hex": b""}, "0 bytes"),
    ):
        with pytest.raises(ContentError, match=why):
            check(raw, files)


def test_firmware_for_smp_is_a_whole_image_of_the_version_named() -> None:
    good = image.make(b"program", (1, 2, 3))
    for data, version, why in (
        (good, "1.2.3", ""),
        (good, "1.2.4", "is version 1.2.3"),
        (good[:-1], "1.2.3", "cut off"),
        (good + b"\0", "1.2.3", "behind its image"),
        (b"program", "1.2.3", "no MCUboot image"),
    ):
        raw = manifest.write(described("x", version, "b", Smp(), {"a.bin": data}, describes_itself=False))
        if why:
            with pytest.raises(NoProgramError, match=f"^'a.bin' .*{why}.*; (sign|take|make)"):
                check(raw, {"a.bin": data})
        else:
            assert check(raw, {"a.bin": data}).version == "1.2.3"


@pytest.mark.parametrize(
    ("method", "files", "why"),
    [
        (
            UNO,
            {"ing.toml": (None, b"[board]\n")},
            "'ing.toml' is no Intel HEX, and avrdude needs that; take the .hex",
        ),
        (UNO, {"uno.elf": (None, b"\x7fELF" * 9)}, "is no Intel HEX"),
        (UNO, {"uno.hex": (None, b":02000000FFCF30\n")}, "no end record"),
        (ESP, {"ing.toml": (0x10000, b"[board]\n")}, "'ing.toml' is no image of an esp32, nor is any other"),
        (
            ESP,
            {"boot.bin": (0x1000, b"text"), "app.bin": (0x10000, b"\xe9")},
            "'boot.bin' has no image at 0x1000",
        ),
        (
            ESP,
            {"merged.bin": (0, bytes(0x1000) + b"text")},
            "'merged.bin' has no image at 0x1000, .* but 0x74",
        ),
    ],
)
def test_what_is_no_firmware_is_neither_bundled_nor_flashed(
    method: Avrdude | Esptool, files: dict[str, tuple[int | None, bytes]], why: str, tmp_path: Path
) -> None:
    contents = {name: data for name, (_, data) in files.items()}
    offsets = {name: offset for name, (offset, _) in files.items() if offset is not None}
    said = described("x", "1", "b", method, contents, describes_itself=False, offsets=offsets)
    with pytest.raises(NoProgramError, match=why) as refused:
        bundle.write(tmp_path / "x.zip", said, contents)
    assert "get the bundle" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x.zip").write_bytes(archive(("manifest.json", manifest.write(said)), *contents.items()))
    with pytest.raises(NoProgramError, match=why):
        bundle.read(tmp_path / "x.zip")


def test_images_of_an_esp_lie_where_it_starts_and_its_tables_anywhere() -> None:
    for offsets, files in (
        ({"boot.bin": 0x1000, "table.bin": 0x8000}, {"boot.bin": b"\xe9", "table.bin": b"\xaa\x50"}),
        ({"app.bin": 0x10000}, {"app.bin": b"\xe9"}),
        ({"merged.bin": 0}, {"merged.bin": b"\xff" * 0x1000 + b"\xe9"}),
    ):
        said = described("x", "1", "b", ESP, files, describes_itself=False, offsets=offsets)
        assert check(manifest.write(said), files) == said


def archive(*entries: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", packed) as file:
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data, packed)
    return raw.getvalue()


def test_archives_that_play_tricks(tmp_path: Path) -> None:
    said = ("manifest.json", manifest.write(uno()))
    with pytest.warns(UserWarning, match="Duplicate"):
        doubled = archive(said, ("uno.hex", b"x"), ("uno.hex", FILES["uno.hex"]))
    for number, (raw, why) in enumerate(
        (
            (archive(said, ("../uno.hex", b"x")), "in a folder"),
            (archive(said, ("/etc/uno.hex", b"x")), "in a folder"),
            (archive(said, ("uno.hex/", b"")), "in a folder"),
            (archive(said, ("a\\uno.hex", b"x")), "in a folder"),
            (archive(("uno.hex", b"x")), "no manifest.json"),
            (doubled, "two files of one name"),
            (archive(said, ("uno.hex", bytes(17 << 20))), "larger than any firmware"),
            (archive(("manifest.json", bytes(1 << 20))), "larger than any firmware"),
            (archive(said, *((f"{each}.hex", b"x") for each in range(20))), "may have 16"),
            (archive(said), "is missing"),
            (b"PK\x03\x04" + bytes(50), "no firmware bundle"),
            (b"", "no firmware bundle"),
        )
    ):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(raw)
        with pytest.raises(BundleError, match=why):
            bundle.read(path)
    with pytest.raises(BundleError, match="cannot be read"):
        bundle.read(tmp_path / "none.zip")
    with pytest.raises(BundleError, match="cannot be read"):
        bundle.read(tmp_path)


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_bounds_is_not_unpacked(tmp_path: Path, packed: int) -> None:
    size = 100 << 20
    bomb = archive(("manifest.json", bytes(size)), packed=packed)
    print(f"{len(bomb)} bytes that were {size}")
    (tmp_path / "bomb.zip").write_bytes(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="packed in another way"):
            bundle.read(tmp_path / "bomb.zip")
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def test_a_changed_byte_in_an_archive_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    bundle.write(tmp_path / "good.zip", uno(), FILES)
    good = (tmp_path / "good.zip").read_bytes()
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng, path, refused = random.Random(seed), tmp_path / "bad.zip", 0
    for _ in range(500):
        bad = bytearray(good)
        bad[rng.randrange(len(bad))] ^= rng.randrange(1, 256)
        path.write_bytes(bad)
        try:
            assert bundle.read(path).files == FILES
        except BundleError:
            refused += 1
    print(f"{refused} of 500 refused")
    assert refused > 250
