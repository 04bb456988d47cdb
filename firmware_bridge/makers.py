"""Which ports may be opened without being named: those of boards made to be programmed. Knows USB numbers only.

A converter chip (FTDI 0403, Silicon Labs 10c4, WCH 1a86, Prolific 067b) is in many a board, and in sticks for Zigbee
and Z-Wave, modems, meters and printers as well: opening its port would take it from its program, or reset it. Those
are named by their owner. Boards are in printers and sticks too: docs/adr/0019 says which may be taken for one. Numbers:
linux-usb.org/usb.ids, and the pages of the makers.
"""

from typing import Final

from firmware_bridge.ports import Port

_ANY: Final[frozenset[int]] = frozenset()
_MADE_TO_BE_PROGRAMMED: Final = {
    0x2341: _ANY,  # Arduino
    0x2A03: _ANY,  # Arduino.org
    0x2E8A: frozenset(
        {0x0005, 0x0009, 0x000A, 0x000B}
    ),  # Raspberry Pi: Pico with MicroPython, C (two), CircuitPython
    0x239A: _ANY,  # Adafruit
    0x1B4F: _ANY,  # SparkFun
    0x2886: _ANY,  # Seeed
    0x16C0: frozenset({0x0483, 0x0487, 0x0489}),  # PJRC Teensy
    0x303A: frozenset(
        {0x1001}
    ),  # Espressif: the port within the chip; what programs make of theirs is any device
    0x2FE3: _ANY,  # Zephyr
    0x0D28: frozenset({0x0204}),  # BBC micro:bit, mbed
    0x0483: frozenset({0x374B, 0x374E, 0x3752, 0x3753}),  # ST-LINK/V2-1 and V3 of Nucleo boards
}


def is_board(port: Port) -> bool:
    """Whether a port is that of a board to be programmed, by who made it; what it was made into it does not say."""
    if port.usb is None or (products := _MADE_TO_BE_PROGRAMMED.get(port.usb.vendor)) is None:
        return False
    return not products or port.usb.product in products
