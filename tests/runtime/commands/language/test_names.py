import pytest

from runtime.commands.language.names import Of, name_of, names
from runtime.commands.registry.devices import Area, Capability, Device, Kind, Name, Switch
from runtime.commands.registry.house import House

LAMP = Device(
    "lamp",
    (Name("Kitchen ceiling lamp", "en"), Name("廚房吸頂燈", "zh-TW"), Name("Mr Bright")),
    Kind.LIGHT,
    (Capability("power", Switch()),),
    "kitchen",
)
KITCHEN = Area("kitchen", (Name("Kitchen", "en"), Name("廚房", "zh-TW")), "2nd floor")
HOUSE = House({"kitchen": KITCHEN}, {"lamp": LAMP})


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "Kitchen ceiling lamp"),
        ("en-GB", "Kitchen ceiling lamp"),
        ("zh-TW", "廚房吸頂燈"),
        ("zh", "廚房吸頂燈"),
        ("de", "Mr Bright"),
    ],
)
def test_the_name_of_the_language_is_said(language: str, name: str) -> None:
    assert name_of(LAMP, language) == name


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Porch light"), ("zh-TW", "門廊燈"), ("de", "Porch light")]
)
def test_of_names_of_no_language_one_in_its_script_is_said(language: str, name: str) -> None:
    assert name_of(Device("porch", (Name("門廊燈"), Name("Porch light")), Kind.LIGHT, ()), language) == name


def test_what_has_no_name_has_its_id() -> None:
    assert name_of(Device("x.y", (), Kind.LIGHT, ()), "en") == "x.y"


def test_all_names_are_heard_and_what_is_left_without_the_room() -> None:
    heard = {(each.text, each.of, each.implied) for each in names(HOUSE, "en")}
    assert heard == {
        ("kitchen", Of.AREA, False),
        ("廚房", Of.AREA, False),
        ("2nd", Of.FLOOR, False),
        ("kitchen ceiling lamp", Of.DEVICE, False),
        ("廚房吸頂燈", Of.DEVICE, False),
        ("mr bright", Of.DEVICE, False),
        ("ceiling lamp", Of.DEVICE, True),
        ("吸頂燈", Of.DEVICE, True),
    }


def test_what_is_left_is_never_just_a_kind() -> None:
    light = Device("l", (Name("Kitchen light"),), Kind.LIGHT, (), "kitchen")
    assert {
        each.text for each in names(House({"kitchen": KITCHEN}, {"l": light}), "en") if each.id == "l"
    } == {"kitchen light"}
