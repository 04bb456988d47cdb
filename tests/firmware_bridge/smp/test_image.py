"""MCUboot's images, held to the reader of smpclient."""

import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.smp import image
from firmware_bridge.smp.image import ImageError

VERSIONS = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535))


@given(st.binary(max_size=500), VERSIONS, st.integers(0, 9), st.binary(max_size=50))
def test_what_is_made_is_read(
    program: bytes, version: tuple[int, int, int], build: int, behind: bytes
) -> None:
    made = image.make(program, version, build=build)
    found = image.read(made + behind)
    assert found.version == ".".join(map(str, version)) + (f".{build}" if build else "")
    assert found.size == len(made)


@given(st.data())
def test_a_changed_byte_is_no_image(data: st.DataObject) -> None:
    made = bytearray(image.make(b"program" * 9, (1, 2, 3)))
    at = data.draw(st.integers(0, len(made) - 1))
    made[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ImageError):
        image.read(bytes(made))


@given(st.integers(0, 400))
def test_a_part_of_one_is_no_image(length: int) -> None:
    made = image.make(bytes(400), (1, 2, 3))
    with pytest.raises(ImageError):
        image.read(made[:length])


@given(st.binary(max_size=200))
def test_anything_else_is_no_image(data: bytes) -> None:
    with pytest.raises(ImageError):
        image.read(data)


def test_protected_entries_are_hashed_too() -> None:
    header = struct.pack("<LLHHLLBBHL4x", 0x96F3B83D, 0, 32, 12, 4, 0, 1, 2, 3, 0)
    hashed = header + b"code" + struct.pack("<HHBxHL", 0x6908, 12, 0x50, 4, 7)
    made = hashed + struct.pack("<HHBxH", 0x6907, 40, 0x10, 32) + hashlib.sha256(hashed).digest()
    assert image.read(made).version == "1.2.3"


def test_smpclient_reads_the_same(tmp_path: Path) -> None:
    mcuboot = pytest.importorskip(
        "smpclient.mcuboot", reason="smpclient is not installed; script/check installs it"
    )
    made = image.make(bytes(range(256)), (1, 2, 3))
    (tmp_path / "image.bin").write_bytes(made)
    theirs = mcuboot.ImageInfo.load_file(str(tmp_path / "image.bin"))
    assert theirs.get_tlv(mcuboot.IMAGE_TLV.SHA256).value == image.read(made).hash
    assert str(theirs.header.ver).startswith("1.2.3")
