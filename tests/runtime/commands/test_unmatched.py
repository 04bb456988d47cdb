"""Names in the owner's files that fit nothing: refused where they only just miss, else told once."""

from pathlib import Path

import pytest

from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings, Quiet
from runtime.commands.policy.toml import policy_file
from runtime.commands.registry.house import House
from runtime.commands.registry.toml import HouseFile, house_file
from runtime.commands.rules.owner import Sentences
from runtime.commands.unmatched import refuse_misspelt, unmatched
from runtime.errors import ConfigError

HOUSE = """
[[areas]]
id = "kitchen"
names = ["Kitchen", "Scullery"]

[[areas]]
id = "room_1"

[[devices]]
id = "bedroom_light"
kind = "light"
topic = "a/set"

[[devices]]
id = "oven"
kind = "select"
topic = "b/set"
options = ["roast", "grill"]

[[discovered]]
id = "light.nowhere"

[[discovered]]
id = "light.unwanted"
ignore = true
"""


@pytest.fixture
def file(tmp_path: Path) -> HouseFile:
    path = tmp_path / "house.toml"
    path.write_text(HOUSE)
    return house_file(path)


def rules(folder: Path, text: str) -> PolicySettings:
    path = folder / "policy.toml"
    path.write_text(text)
    return policy_file(path)


def house(file: HouseFile) -> House:
    devices = {each.entry.device.id: each.entry.device for each in file.devices}
    return House({each.id: each for each in file.areas}, devices)


@pytest.mark.parametrize(
    ("rule", "meant"),
    [
        ("areas = ['Kitchen']", "kitchen"),
        ("areas = ['Scullery']", "kitchen"),
        ("areas = ['kitchn']", "kitchen"),
        ("values = ['onn']", "on"),
        ("values = ['ON']", "on"),
        ("values = ['open', 'lockd']", "locked"),
        ("values = ['rost']", "roast"),
        ("capabilities = ['brightnes']", "brightness"),
    ],
)
def test_a_word_that_only_just_misses_is_refused(
    tmp_path: Path, file: HouseFile, rule: str, meant: str
) -> None:
    policy = rules(tmp_path, f"[[quiet]]\nstart='22:00'\nend='7:00'\n[[dangerous]]\n{rule}")
    with pytest.raises(ConfigError, match=rf"^dangerous\[0\].*did you mean '{meant}'\?$"):
        refuse_misspelt(policy, file)


@pytest.mark.parametrize(
    "rule",
    [
        "areas = ['kitchen', 'kit*', '', '*', 'garage', 'room_2']",
        "values = ['on', 'o*', '', '40', 'roast', 'boost', '21.5']",
        "capabilities = ['power', 'sand_level']",
        "devices = ['bedroom_lihgt']",
    ],
)
def test_what_may_come_by_discovery_is_not_refused(tmp_path: Path, file: HouseFile, rule: str) -> None:
    refuse_misspelt(rules(tmp_path, f"[[dangerous]]\n{rule}"), file)


def test_what_fits_nothing_is_told_with_its_place_and_the_nearest(file: HouseFile) -> None:
    policy = PolicySettings(
        dangerous=(
            Scope(devices=("bedroom_lihgt", "oven", "bed*", "*")),
            Scope(values=("boost", "grill", "on")),
        ),
        clients=(Client("anna", (Scope(areas=("garage", "", "kitchen")),)),),
    )
    sentences = Sentences.read(
        '[[sentence]]\nsay = ["a"]\ndo = [{ device = "ovn", capability = "value", value = "grill" }]'
    )
    told = unmatched(policy, file, sentences, house(file))
    assert [each.split(",")[0] for each in told] == [
        "policy.toml: dangerous[0].devices has 'bedroom_lihgt'",
        "policy.toml: dangerous[1].values has 'boost'",
        "policy.toml: clients[0].areas has 'garage'",
        "house.toml: discovered[0].id has 'light.nowhere'",
        "sentences.toml: sentence[0].do has 'ovn'",
    ]
    assert told[0].endswith("did you mean 'bedroom_light'?")
    assert told[4].endswith("did you mean 'oven'?")


def test_rules_without_names_are_told_nothing_of(tmp_path: Path, file: HouseFile) -> None:
    policy = rules(tmp_path, "[[quiet]]\nstart='22:00'\nend='7:00'\nkinds=['siren']\n[[clients]]\nname='*'")
    assert isinstance(policy.quiet[0], Quiet)
    assert unmatched(policy, HouseFile(), Sentences(), house(file)) == ()
    refuse_misspelt(policy, HouseFile())
