"""How the capabilities of a Firmata board are told and read by its pins, once it is known what the pins can do."""

from collections.abc import Iterator, Mapping

from firmware_bridge.described import firmata_messages as firmata
from firmware_bridge.described.firmata_messages import Command, Sysex
from firmware_bridge.described.inputs import settled
from firmware_bridge.described.pins import OUTPUTS, Mode, Pin, Wired
from firmware_bridge.described.survey import Survey
from firmware_bridge.description import Capability
from firmware_bridge.messages import Wire


class Wiring:
    """Capabilities by name, the pin of each, and the bytes that are said of it. Knows no time."""

    def __init__(self, wired: Wired, capabilities: Mapping[str, Capability], survey: Survey) -> None:
        self.capabilities = capabilities
        self.sampling_ms = wired.sampling_ms
        self.survey = survey
        self.pins: dict[str, Pin] = dict(wired.pins)
        """Those that can be used."""
        self.unusable: tuple[tuple[str, str], ...] = ()
        """Names of the others, and why."""

    def give_up(self, name: str, why: str) -> None:
        """That one cannot be used."""
        self.pins.pop(name, None)
        self.unusable = (*self.unusable, (name, why))

    def compare(self) -> None:
        """Give up what the board's pins cannot be, or are already: an analog channel is a pin, too."""
        taken: dict[int, str] = {}
        for name, pin in list(self.pins.items()):
            why = self.survey.cannot(name, pin)
            if not why:
                number = self.survey.pin_of(pin.number) if pin.mode is Mode.ANALOG else pin.number
                if taken.setdefault(number, name) != name:
                    why = f"{name}: {pin.label} is the pin that {taken[number]} is on; give each its own"
            if why:
                self.give_up(name, why)

    @property
    def outputs(self) -> Iterator[str]:
        """Names of those that are told."""
        return (name for name, pin in self.pins.items() if pin.mode in OUTPUTS)

    def query(self, name: str) -> bytes:
        """Asks what an output is and was told last."""
        return firmata.sysex(Sysex.STATE_QUERY, bytes((self.pins[name].number,)))

    def write(self, name: str, raw: int) -> bytes:
        """Tells an output."""
        pin = self.pins[name]
        if pin.mode is Mode.PWM:
            return firmata.sysex(Sysex.EXTENDED_ANALOG, bytes((pin.number,)) + firmata.groups(raw))
        return bytes((Command.PIN_VALUE, pin.number, raw))

    def listen(self) -> bytes:
        """Sets up the inputs, and has them told."""
        found = bytearray(firmata.sysex(Sysex.SAMPLING, firmata.two_bytes(self.sampling_ms)))
        ports = set()
        for pin in self.pins.values():
            if pin.mode is Mode.ANALOG:
                number = self.survey.pin_of(pin.number)
                found += bytes((Command.PIN_MODE, number, Mode.ANALOG, Command.REPORT_ANALOG + pin.number, 1))
            elif pin.mode not in OUTPUTS:
                found += bytes((Command.PIN_MODE, pin.number, pin.mode))
                ports.add(pin.number // 8)
        return bytes(found) + b"".join(bytes((Command.REPORT_DIGITAL + port, 1)) for port in sorted(ports))

    def full(self, name: str) -> int:
        """The highest raw value of a pin."""
        return (1 << self.survey.bits(self.pins[name])) - 1

    def raw(self, name: str, wire: Wire) -> int:
        """What is sent to have an output so. A press is on."""
        return self.pins[name].raw(self.capabilities[name], True if wire is None else wire, self.full(name))

    def off(self, name: str) -> Wire:
        """What an output goes to first: its safe value, or off."""
        capability = self.capabilities[name]
        if capability.safe is not None:
            return capability.safe
        return capability.range.low if capability.range else False

    def wire(self, name: str, raw: int, last: Wire) -> Wire:
        """What an output's raw value stands for; the `last` value it was told, if that is it."""
        pin, bounds = self.pins[name], self.capabilities[name].range
        if bounds is None:
            return pin.level(raw)
        if last is not None and self.raw(name, last) == raw:
            return last
        found = settled(pin.exact(self.capabilities[name], raw, self.full(name)), None, bounds)
        return min(max(found, bounds.low), bounds.high)

    def stays(self, name: str, mode: int, raw: int) -> str:
        """That an output does not do as it is told."""
        label = self.pins[name].label
        return f"{name}: {label} stays at {raw} in mode {mode} whatever it is told; put Firmata 2.5 or later on it"
