"""Whether files are a program that avrdude or esptool may write: both write whatever they are given. No I/O.

Sizes of flash are from the chips' data sheets; images of Espressif's chips are as in
https://docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/firmware-image-format.html
"""

import re
from typing import Final

from firmware_bridge.flash import intel_hex
from firmware_bridge.flash.errors import ProgramError

_SHORT: Final = re.compile(r"^[mt](?=\d)")
_FAMILIES: Final = {"m": "atmega", "t": "attiny"}
_FLASH: Final = {
    "attiny45": 4096, "attiny84": 8192, "attiny85": 8192, "attiny167": 16384,
    "atmega8": 8192, "atmega88": 8192, "atmega88p": 8192, "atmega168": 16384, "atmega168p": 16384,
    "atmega16u2": 16384, "atmega328": 32768, "atmega328p": 32768, "atmega328pb": 32768, "atmega32u4": 32768,
    "atmega644p": 65536, "atmega1280": 131072, "atmega1284p": 131072, "atmega2560": 262144,
}  # fmt: skip
"""Bytes, by avrdude's long names."""
_DATA_SPACE: Final = 0x800000
"""Where avr-gcc puts memory, EEPROM and fuses in its files: from there on nothing is flash of any part."""

_IMAGE: Final = 0xE9
"""What each image of Espressif's begins with."""
_START: Final = {
    "esp8266": 0x0, "esp32": 0x1000, "esp32s2": 0x1000, "esp32s3": 0x0, "esp32c2": 0x0, "esp32c3": 0x0,
    "esp32c5": 0x2000, "esp32c6": 0x0, "esp32h2": 0x0, "esp32p4": 0x2000,
}  # fmt: skip
"""Where a chip's ROM looks for the image that it starts."""


def check_avr(data: bytes, part: str) -> None:
    """See that a file is Intel HEX, whole, and for the flash of a part alone.

    Raises:
        ProgramError: it is not.
    """
    _, end = intel_hex.pieces(data)[-1]
    name = _SHORT.sub(lambda short: _FAMILIES[short[0]], part.lower())
    if end > (room := _FLASH.get(name, _DATA_SPACE)):
        raise ProgramError(
            f"goes to byte {end:,}, and the flash of {part} has {room:,}; build it for this chip, and leave its EEPROM "
            "out (`avr-objcopy -R .eeprom`)"
        )


def check_esp(data: bytes, offset: int, chip: str) -> None:
    """See that a file which lies where a chip starts has an image there; one that lies elsewhere may be anything.

    Raises:
        ProgramError: it has none.
    """
    at = _start(offset, chip)
    if 0 <= at < len(data) and data[at] != _IMAGE:
        raise ProgramError(
            f"has no image at 0x{at + offset:x}, where an {chip} starts, but 0x{data[at]:02x}; take the .bin of the "
            "boot loader, or the merged one, that the build made"
        )


def is_esp_image(data: bytes, offset: int, chip: str) -> bool:
    """Whether a file is or has an image: of several, one at least does, beside tables, settings and file systems."""
    at = _start(offset, chip)
    return data[0] == _IMAGE or (0 <= at < len(data) and data[at] == _IMAGE)


def _start(offset: int, chip: str) -> int:
    """Where in a file a chip starts; below zero if it does not start in it, or is not known."""
    return _START.get(chip.lower().replace("-", ""), -1) - offset
