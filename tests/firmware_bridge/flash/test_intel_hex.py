"""Intel HEX: what a build makes is read, and what is not a whole file of it is named."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.flash.errors import ProgramError
from firmware_bridge.flash.intel_hex import pieces
from firmware_bridge.flash.program import check_avr

END = b":00000001FF\n"


def record(kind: int, address: int, data: bytes) -> bytes:
    raw = bytes([len(data), *address.to_bytes(2), kind]) + data
    return b":" + (raw + bytes([-sum(raw) & 0xFF])).hex().upper().encode() + b"\n"


def program(length: int, at: int = 0) -> bytes:
    """A file with so many bytes from an address on, sixteen a record."""
    lines, above = [], -1
    for address in range(at, at + length, 16):
        if address >> 16 != above:
            above = address >> 16
            lines.append(record(4, 0, above.to_bytes(2)))
        lines.append(record(0, address & 0xFFFF, bytes(min(16, at + length - address))))
    return b"".join(lines) + END


@given(
    st.integers(1, 5000),
    st.integers(0, 1 << 20).map(lambda at: at * 16),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_where_its_data_is(length: int, at: int, newline: bytes) -> None:
    found = pieces(program(length, at).replace(b"\n", newline) + newline)
    assert (found[0][0], found[-1][1]) == (at, at + length)
    assert sum(end - start for start, end in found) == length


def test_an_address_above_is_of_a_segment_or_linear_and_where_it_starts_is_of_no_matter() -> None:
    one = record(0, 2, b"x")
    assert pieces(record(2, 0, b"\x12\x34") + one + record(3, 0, bytes(4)) + END) == ((0x12342, 0x12343),)
    assert pieces(record(4, 0, b"\x00\x34") + one + record(5, 0, bytes(4)) + END) == ((0x340002, 0x340003),)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "is no Intel HEX"),
        (b"[board]\n", "is no Intel HEX, .* take the .hex"),
        (b"\n" + END, "is no Intel HEX"),
        (END, "without any data"),
        (record(0, 0, b"x"), "cut off"),
        (record(0, 0, b"x")[:-2], "line 1 has another checksum|is no Intel HEX"),
        (record(0, 0, b"x") + b"; remark\n" + END, "line 2 is no record"),
        (record(0, 0, b"x") + END + record(0, 1, b"x"), "goes on behind its end, in line 3"),
        (record(0, 0, b"xy") + record(0, 1, b"z") + END, "twice"),
        (record(0, 0xFFFF, b"xy") + END, "line 1 goes beyond"),
        (record(6, 0, b"") + END, "line 1 is of kind 6"),
        (record(4, 0, b"x") + END, "line 1 is of another length than its kind"),
        (b":0200000041BD\n" + END, "line 1 is of another length than it says"),
        (b":0100000041BF\n" + END, "line 1 has another checksum"),
    ],
)
def test_what_is_wrong_with_it_is_named(raw: bytes, why: str) -> None:
    with pytest.raises(ProgramError, match=why):
        pieces(raw)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda x: b":" + x.hex().encode() + b"\n" + END))
def test_anything_is_read_or_refused(raw: bytes) -> None:
    try:
        assert all(start < end for start, end in pieces(raw))
    except ProgramError:
        return


def test_a_changed_digit_is_noticed() -> None:
    good = program(64)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(300):
        bad = bytearray(good)
        at = rng.choice([each for each, byte in enumerate(good) if byte not in b"\n"])
        bad[at] = rng.choice([each for each in b"0123456789ABCDEF:" if each != good[at]])
        with pytest.raises(ProgramError):
            pieces(bytes(bad))


@pytest.mark.parametrize("part", ["atmega328p", "m328p", "ATmega328P"])
def test_all_of_it_is_in_the_flash_of_the_part(part: str) -> None:
    check_avr(program(32768), part)
    with pytest.raises(ProgramError, match=r"goes to byte 32,769, and the flash of .* has 32,768; build it"):
        check_avr(program(32769), part)


def test_of_a_part_that_is_not_known_no_eeprom_is_written() -> None:
    check_avr(program(300_000), "atxmega384c3")
    with pytest.raises(ProgramError, match="leave its EEPROM out"):
        check_avr(program(16, 0x810000), "atxmega384c3")
