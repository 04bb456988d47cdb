"""A Firmata board without a board: pins as on an Arduino Uno, with StandardFirmata's manners.

For tests, and for trying out. Made from the protocol's text; that others take it for one is tested with pyFirmata2.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from firmware_bridge.described import firmata_messages as firmata
from firmware_bridge.described.firmata_messages import Command, Message, Messages, Sysex
from firmware_bridge.described.pins import Mode
from firmware_bridge.pump import attend
from firmware_bridge.transport import Transport

_DIGITAL: Final[dict[int, int]] = {Mode.INPUT: 1, Mode.OUTPUT: 1, Mode.PULL_UP: 1}
_PINS: Final[tuple[Mapping[int, int], ...]] = (
    {},
    {},
    *(_DIGITAL | ({Mode.PWM: 8} if pin in {3, 5, 6, 9, 10, 11} else {}) for pin in range(2, 14)),
    *(_DIGITAL | {Mode.ANALOG: 10} for _ in range(6)),
)
_FIRST_ANALOG: Final = 14
_WARM: Final = 143
"""What 0.7 V are of 5: a TMP36 at 20 °C."""
_NAME: Final = "StandardFirmata"
_VERSION: Final = (2, 5)


class SimulatedFirmataBoard:
    """One board: its pins, and a line to a host."""

    def __init__(self) -> None:
        self.acted: list[tuple[int, int]] = []
        """Every pin that was written to, and what, over all starts."""
        self.levels = {pin: _WARM if pin >= _FIRST_ANALOG else 0 for pin in range(len(_PINS))}
        """What is at its inputs: of the digital 0 or 1, of the analog 0 to 1023."""
        self.mute = False
        """It does what it is told, and says nothing."""
        self.wake = asyncio.Event()
        self._out = bytearray()
        self._sample_at = 0.0
        self._begin()

    def reset(self) -> None:
        """Start again, as after a loss of power."""
        self._begin()
        self.wake.set()

    def put(self, pin: int, level: int) -> None:
        """Something is at an input. An analog one is told at the next sampling."""
        self.levels[pin] = level
        if self._ports.get(pin // 8) and self.modes[pin] in {Mode.INPUT, Mode.PULL_UP}:
            self._tell_port(pin // 8)
            self.wake.set()

    def step(self, now: float, data: bytes = b"") -> tuple[bytes, float | None]:
        """Take what came; what to send, and when the next step is due."""
        for message in self._messages.feed(data):
            self._hear(message)
        if self._channels and now >= self._sample_at:
            self._sample_at = now + self._sampling_s
            for channel in sorted(self._channels):
                self._tell_channel(channel)
        output = b"" if self.mute else bytes(self._out)
        self._out.clear()
        return output, self._sample_at if self._channels else None

    async def run(self, line: Transport) -> None:
        """Be at the end of a line until it is closed."""
        await attend(line, self.step, self.wake)

    def _begin(self) -> None:
        self._default()
        self._messages = Messages(firmata.TO_BOARD)
        self._ports: dict[int, bool] = {}
        self._channels: set[int] = set()
        self._sampling_s = 0.019
        self._out[:] = bytes((Command.VERSION, *_VERSION))
        self._tell_firmware()

    def _default(self) -> None:
        self.modes: list[int] = [Mode.ANALOG if Mode.ANALOG in each else Mode.OUTPUT for each in _PINS]
        self.states = [0] * len(_PINS)
        """What was written to each pin last."""

    def _hear(self, message: Message) -> None:
        data, channel = message.data, message.channel
        match message.command:
            case Command.PIN_MODE if data[0] < len(_PINS) and data[1] in _PINS[data[0]]:
                self.modes[data[0]] = data[1]
                self.states[data[0]] = int(data[1] == Mode.PULL_UP)
            case Command.PIN_VALUE if data[0] < len(_PINS) and self.modes[data[0]] == Mode.OUTPUT:
                self._write(data[0], data[1] & 1)
            case Command.DIGITAL:
                self._write_port(channel, firmata.number(data))
            case Command.ANALOG if channel < len(_PINS) and self.modes[channel] == Mode.PWM:
                self._write(channel, firmata.number(data))
            case Command.REPORT_DIGITAL | Command.REPORT_ANALOG:
                self._report(message.command, channel, on=bool(data[0]))
            case Command.VERSION:
                self._out += bytes((Command.VERSION, *_VERSION))
            case Command.RESET:
                self._default()
            case Command.SYSEX:
                self._sysex(data[0], data[1:])

    def _report(self, what: Command, channel: int, *, on: bool) -> None:
        if what is Command.REPORT_DIGITAL:
            self._ports[channel] = on
        elif _FIRST_ANALOG + channel < len(_PINS):
            (self._channels.add if on else self._channels.discard)(channel)
        else:
            return
        if on:
            (self._tell_port if what is Command.REPORT_DIGITAL else self._tell_channel)(channel)

    def _sysex(self, what: int, data: bytes) -> None:
        match what:
            case Sysex.FIRMWARE:
                self._tell_firmware()
            case Sysex.CAPABILITY_QUERY:
                self._out += firmata.sysex(Sysex.CAPABILITY, firmata.pin_modes_bytes(_PINS))
            case Sysex.MAPPING_QUERY:
                channels = (
                    pin - _FIRST_ANALOG if Mode.ANALOG in modes else firmata.NONE
                    for pin, modes in enumerate(_PINS)
                )
                self._out += firmata.sysex(Sysex.MAPPING, bytes(channels))
            case Sysex.STATE_QUERY if data and data[0] < len(_PINS):
                pin = data[0]
                state = bytes((pin, self.modes[pin])) + firmata.groups(self.states[pin])
                self._out += firmata.sysex(Sysex.STATE, state)
            case Sysex.EXTENDED_ANALOG if len(data) > 1 and data[0] < len(_PINS):
                if self.modes[data[0]] == Mode.PWM:
                    self._write(data[0], firmata.number(data[1:]))
            case Sysex.SAMPLING if len(data) > 1:
                self._sampling_s = max(firmata.number(data), 1) / 1000

    def _write(self, pin: int, value: int) -> None:
        self.acted.append((pin, value))
        self.states[pin] = value

    def _write_port(self, port: int, mask: int) -> None:
        for pin in range(port * 8, min(port * 8 + 8, len(_PINS))):
            value = mask >> pin % 8 & 1
            if self.modes[pin] == Mode.OUTPUT and self.states[pin] != value:
                self._write(pin, value)

    def _tell_firmware(self) -> None:
        self._out += firmata.sysex(Sysex.FIRMWARE, bytes(_VERSION) + firmata.text_bytes(_NAME))

    def _tell_port(self, port: int) -> None:
        inputs = {Mode.INPUT, Mode.PULL_UP}
        mask = sum(
            (self.levels[pin] & 1) << pin % 8
            for pin in range(port * 8, min(port * 8 + 8, len(_PINS)))
            if self.modes[pin] in inputs
        )
        self._out += bytes((Command.DIGITAL + port,)) + firmata.two_bytes(mask)

    def _tell_channel(self, channel: int) -> None:
        self._out += bytes((Command.ANALOG + channel,)) + firmata.two_bytes(
            self.levels[_FIRST_ANALOG + channel]
        )
