"""What a Firmata board says its pins can do, and whether that is what its owner takes them for."""

from firmware_bridge.described import firmata_messages as firmata
from firmware_bridge.described.firmata_messages import Sysex
from firmware_bridge.described.pins import Mode, Pin

_BITS_MOST = 14
_SAID = {
    Mode.INPUT: "be read",
    Mode.OUTPUT: "be switched",
    Mode.ANALOG: "measure",
    Mode.PWM: "be dimmed (PWM)",
    Mode.PULL_UP: "be pulled up",
}


class Survey:
    """The answers to two questions: what each pin can be, and which of them the analog channels are."""

    def __init__(self) -> None:
        self._modes: tuple[dict[int, int], ...] | None = None
        self._channels: dict[int, int] | None = None

    @property
    def whole(self) -> bool:
        """Whether both are there."""
        return self._modes is not None and self._channels is not None

    def hear(self, what: int, data: bytes) -> None:
        """Take an answer. One that breaks off is none."""
        if what == Sysex.MAPPING:
            self._channels = {channel: pin for pin, channel in enumerate(data) if channel != firmata.NONE}
            return
        try:
            self._modes = firmata.pin_modes(data)
        except ValueError:
            self._modes = None

    def pin_of(self, channel: int) -> int:
        """The pin of an analog channel that there is."""
        return (self._channels or {})[channel]

    def bits(self, pin: Pin) -> int:
        """How many bits its values have."""
        return min(max(self._of(pin).get(pin.mode, 1), 1), _BITS_MOST)

    def cannot(self, name: str, pin: Pin) -> str:
        """Why a capability cannot be on its pin, in a sentence; "" if it can."""
        if pin.mode in self._of(pin):
            return ""
        if pin.mode is Mode.ANALOG:
            can = ", ".join(str(each) for each in sorted(self._channels or {}))
            return f"{name}: this board has no {pin.label}; it has {can or 'none'}"
        can = ", ".join(str(number) for number, modes in enumerate(self._modes or ()) if pin.mode in modes)
        return (
            f"{name}: {pin.label} of this board cannot {_SAID[pin.mode]}; those that can are {can or 'none'}"
        )

    def _of(self, pin: Pin) -> dict[int, int]:
        number = (self._channels or {}).get(pin.number, -1) if pin.mode is Mode.ANALOG else pin.number
        modes = self._modes or ()
        return modes[number] if 0 <= number < len(modes) else {}
