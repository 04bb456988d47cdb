"""Fixed sentences, by key and language. Knows no house: whoever calls fills in names and values."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

FALLBACK: Final = "en"
"""Has every key."""
_FRAGMENTS: Final = ("word.", "do.", "value.", "capability.", "kind.", "option.")
"""Keys of what goes into the middle of a sentence."""


@cache
def languages() -> tuple[str, ...]:
    """Those that there is a file for."""
    files = resources.files("runtime.commands.wording").iterdir()
    return tuple(sorted(each.name.removesuffix(".toml") for each in files if each.name.endswith(".toml")))


@cache
def wording(language: str) -> Mapping[str, str]:
    """All sentences of a language, as `table.key`; of the nearest one there is, or English."""
    name = _file_for(language)
    text = resources.files("runtime.commands.wording").joinpath(f"{name}.toml").read_text("utf-8")
    tables: dict[str, dict[str, str]] = tomllib.loads(text)
    return {f"{table}.{key}": sentence for table, keys in tables.items() for key, sentence in keys.items()}


def say(key: str, language: str, **values: str) -> str:
    """A sentence with its values filled in; it begins with a capital unless it is a part of one.

    Args:
        key: `table.key` as in the files; without a table it is one of `refused`.
        language: BCP 47; one without a file of its own is answered in English.
        values: what the braces of the sentence name. They are data: nothing in them is looked for.

    Raises:
        KeyError: no such sentence, or a value is missing; a fault of ours.
    """
    text = wording(language)[key if "." in key else f"refused.{key}"].format_map(values)
    return text if key.startswith(_FRAGMENTS) else text[:1].upper() + text[1:]


def word(table: str, key: str, language: str) -> str:
    """A word of ours if there is one for the key, else the key itself, as devices have options of their own."""
    return wording(language).get(f"{table}.{key}", key.replace("_", " "))


def _file_for(language: str) -> str:
    folded = {each.casefold(): each for each in languages()}
    asked = language.casefold()
    base = asked.split("-")[0]
    return folded.get(asked) or next(
        (f for fold, f in folded.items() if fold.split("-")[0] == base), FALLBACK
    )
