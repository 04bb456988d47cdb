"""What is dangerous by custom: whatever could let somebody in, however a device words it."""

import pytest

from runtime.commands.registry.devices import Capability, Kind, Options, Press, Range, Switch, Value
from runtime.commands.registry.standard import guarded

UP_AND_DOWN = Options(("up", "down", "stop"))


@pytest.mark.parametrize(
    ("kind", "device_class", "capability", "dangerous"),
    [
        (Kind.COVER, "garage", Capability("state", Options(("open", "closed", "stopped"))), ("open",)),
        (Kind.COVER, "garage", Capability("state", UP_AND_DOWN), UP_AND_DOWN.values),
        (Kind.VALVE, "gas", Capability("state", Options(("closed", "half"))), ("half",)),
        (Kind.LOCK, None, Capability("state", Options(("locked", "unlocked", "ajar"))), ("unlocked", "ajar")),
        (Kind.COVER, "shutter", Capability("state", UP_AND_DOWN), ()),
    ],
)
def test_words_that_are_not_known_to_be_harmless_are_dangerous(
    kind: Kind, device_class: str | None, capability: Capability, dangerous: tuple[Value, ...]
) -> None:
    assert guarded(kind, device_class, capability) == (dangerous, False)


@pytest.mark.parametrize(
    ("kind", "device_class", "capability"),
    [
        (Kind.LOCK, None, Capability("value", Range(0, 1))),
        (Kind.LOCK, None, Capability("power", Switch())),
        (Kind.COVER, "door", Capability("position", Range(0, 100))),
        (Kind.COVER, "gate", Capability("opening", Range(0, 100))),
        (Kind.COVER, "garage", Capability("activate", Press())),
    ],
)
def test_where_no_word_says_which_way_it_goes_all_is_dangerous(
    kind: Kind, device_class: str | None, capability: Capability
) -> None:
    assert guarded(kind, device_class, capability) == ((), True)


def test_what_is_only_read_is_not() -> None:
    lock = Capability("state", Options(("locked", "unlocked")), settable=False)
    assert guarded(Kind.LOCK, None, lock) == ((), False)
