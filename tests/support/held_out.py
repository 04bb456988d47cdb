"""Looks after the held-out evaluation set: what the templates of home-assistant-intents cover of it, and its digest.

Knows hassil and those templates alone, nothing of how this product understands: what is covered is a fact about the
sentence, not a result.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hassil import Intents, recognize_all
from hassil.intents import SlotList, TextSlotList
from home_assistant_intents import get_intents

from runtime.commands import evaluation
from runtime.commands.evaluation.house import read_house
from runtime.commands.evaluation.utterances import Utterance, read_utterances
from runtime.commands.registry.devices import Name
from runtime.commands.registry.house import House

FOLDER: Final = Path(evaluation.__file__).parent / "held_out"
TEMPLATE: Final = "template"
LANGUAGES: Final = ("en", "zh-TW")

_LATER: Final = "conversation_command"
"""The slot of a timer that takes any words at all: covered only if those words are."""


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of a language, with the names of a house in them."""

    language: str
    intents: Intents
    names: Mapping[str, SlotList]

    def cover(self, text: str, area: str | None) -> bool:
        """Whether one of them matches the whole of a sentence, said in an area or nowhere in particular."""
        context = {} if area is None else {"area": area}
        for match in recognize_all(
            text, self.intents, slot_lists=dict(self.names), intent_context=context, language=self.language
        ):
            later = match.entities.get(_LATER)
            if later is None or self.cover(str(later.value).strip(" ,"), area):
                return True
        return False


def templates(house: House, language: str) -> Templates:
    """The templates as this house has them."""
    devices = [
        (text, device.id, {"domain": device.kind.value, "area": device.area})
        for device in house.devices.values()
        for text in _texts(device.names, language)
    ]
    areas = [(text, area.id) for area in house.areas.values() for text in _texts(area.names, language)]
    floors = sorted({(area.floor, area.floor) for area in house.areas.values() if area.floor})
    lists = {
        "name": TextSlotList.from_tuples(devices, allow_template=False, name="name"),
        "area": TextSlotList.from_tuples(areas, allow_template=False, name="area"),
        "floor": TextSlotList.from_tuples(floors, allow_template=False, name="floor"),
    }
    raw = get_intents(language)
    if raw is None:
        raise ValueError(
            f"home-assistant-intents has no templates for {language}; install a version that has"
        )
    return Templates(language, Intents.from_dict(raw), lists)


def _texts(names: Iterable[Name], language: str) -> Iterator[str]:
    return (name.text for name in names if name.language in {None, language})


def misfiled(folder: Path) -> Iterator[Utterance]:
    """Sentences of other kinds that templates cover, and sentences of kind `template` that none does."""
    house = read_house(folder)
    known = {language: templates(house, language) for language in LANGUAGES}
    for utterance in read_utterances(folder, house):
        if known[utterance.language].cover(utterance.text, utterance.area) != (utterance.kind == TEMPLATE):
            yield utterance


def digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of all TOML files, by name: what a report of a result names."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def main() -> int:
    """Print what is filed wrongly, and the digest that PROTOCOL.md has to name."""
    wrong = list(misfiled(FOLDER))
    for utterance in wrong:
        covered = "no template covers it" if utterance.kind == TEMPLATE else "a template covers it"
        print(f"{utterance.id}: {covered}: {utterance.text}")
    print(f"sha256 {digest(FOLDER)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
