"""What the file and the environment say, each value with where it stands; unknown names are refused here."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runtime.config.rules import from_text, shown
from runtime.errors import ConfigError

PREFIX: Final = "INGLE_"
_ASSIGNMENT = re.compile(r"\s*(?:\[\s*(?P<section>[\w.-]+)\s*\]|(?P<key>[\w.-]+(?:\s*\.\s*[\w-]+)*)\s*=)")


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written, and where."""

    raw: object
    origin: str


def _unknown(origin: str, key: str, known: Iterable[str], elsewhere: Iterable[str]) -> ConfigError:
    """Refuses `key`; `elsewhere` is what it would be in each of the sections, whether that exists or not."""
    known = list(known)
    near = [each for each in elsewhere if each in known] or difflib.get_close_matches(key, known, 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "`ingle config` lists the settings there are"
    return ConfigError(f"{origin}: {key} is not a setting; {hint}")


def from_file(path: Path, hints: Mapping[str, Any]) -> dict[str, Given]:
    """Settings from a TOML file, by key.

    Raises:
        ConfigError: unreadable, not UTF-8, not TOML, or a name that is no setting of ours.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        raw = tomllib.loads(text)
    except OSError as exc:
        raise ConfigError(
            f"{path} cannot be read ({exc.strerror}); check that it is a file you may read"
        ) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    lines = _lines(text)
    given: dict[str, Given] = {}
    sections = list(dict.fromkeys(key.partition(".")[0] for key in hints))
    for section, table in raw.items():
        origin = f"{path}:{lines[section]}" if section in lines else str(path)
        if section not in sections:
            known = sections if isinstance(table, dict) else [*sections, *hints]
            raise _unknown(origin, section, known, (f"{each}.{section}" for each in sections))
        if not isinstance(table, dict):
            raise ConfigError(f"{origin}: {section} is {shown(table)}, but must be a section: [{section}]")
        for name, value in table.items():
            key = f"{section}.{name}"
            where = f"{path}:{lines[key]}" if key in lines else origin
            if key not in hints:
                raise _unknown(where, key, hints, (f"{each}.{name}" for each in sections))
            given[key] = Given(value, where)
    return given


def _lines(text: str) -> dict[str, int]:
    """Line of each section and key that is written in the plain way; others are left out."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not (match := _ASSIGNMENT.match(line)):
            continue
        if match["section"]:
            section = match["section"]
            lines.setdefault(section, number)
        else:
            key = re.sub(r"\s", "", match["key"])
            lines.setdefault(f"{section}.{key}" if section else key, number)
    return lines


def from_environment(
    environ: Mapping[str, str], hints: Mapping[str, Any]
) -> tuple[dict[str, Given], tuple[str, ...]]:
    """Settings from INGLE_SECTION_NAME. A name without a section of ours is someone else's and only noted."""
    names = {PREFIX + key.replace(".", "_").upper(): key for key in hints}
    sections = tuple(dict.fromkeys(f"{PREFIX}{key.partition('.')[0].upper()}_" for key in hints))
    given: dict[str, Given] = {}
    ignored = []
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        if variable in names:
            key = names[variable]
            given[key] = Given(from_text(hints[key], environ[variable]), f"environment {variable}")
        elif section := next(filter(variable.startswith, sections), None):
            elsewhere = (each + variable.removeprefix(section) for each in sections)
            raise _unknown("environment", variable, names, elsewhere)
        else:
            ignored.append(variable)
    return given, tuple(ignored)
