"""The configuration in effect: defaults, then one TOML file, then the environment, then the command line.

Knows the layers and who wins, and remembers where each value came from. The settings themselves are in
`runtime.config.settings`, the checks of one value in `runtime.config.rules`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from runtime.config.rules import convert
from runtime.config.settings import Config
from runtime.config.sources import Given, from_environment, from_file
from runtime.errors import ConfigError

FILE_VARIABLE: Final = "INGLENOOK_CONFIG"
_INSTEAD: Final = {"limits.draft_tokens": "engine.guess_ahead = false switches guessing off"}
"""What to set where a refused value says that something is not wanted at all."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value."""

    key: str
    """section.name"""
    value: object
    origin: str
    """default, FILE:LINE, environment NAME, or command line."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration, and where it is from."""

    config: Config
    settings: tuple[Setting, ...]
    file: Path | None
    """The file that was read; None when there is none."""
    ignored: tuple[str, ...] = ()
    """Environment variables with our prefix that name no section."""


def default_path(environ: Mapping[str, str]) -> Path | None:
    """The configuration file to read when none is named on the command line; None when there is none.

    Raises:
        ConfigError: $INGLENOOK_CONFIG names a file that does not exist.
    """
    if named := environ.get(FILE_VARIABLE):
        return _existing(Path(named), f"${FILE_VARIABLE} names")
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/")) / ".config")
    places = (Path("/etc/inglenook/inglenook.toml"), home / "inglenook" / "inglenook.toml")
    return next((place for place in places if os.path.exists(place)), None)  # noqa: PTH110  False, not an error, if unreadable


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    overrides: Mapping[str, object] | None = None,
) -> Loaded:
    """Read and check everything.

    Args:
        path: the file named on the command line; None looks in the usual places.
        environ: INGLE_SECTION_NAME variables are read from it.
        overrides: "section.name" to a value from the command line; None as a value means "not given".

    Raises:
        ConfigError: a file that cannot be read, an unknown name, a value of the wrong type or out of range.
    """
    file = default_path(environ) if path is None else _existing(path, "--config names")
    hints = _hints()
    variables, ignored = from_environment(environ, hints)
    given: dict[str, Given] = {}
    if file is not None:
        given |= from_file(file, hints)
    given |= variables
    given |= {key: Given(raw, "command line") for key, raw in (overrides or {}).items() if raw is not None}
    values = {key: _value(key, hints[key], found) for key, found in given.items()}
    config = _build(values)
    settings = tuple(
        Setting(key, _get(config, key), given[key].origin if key in given else "default") for key in hints
    )
    return Loaded(config, settings, file, ignored)


def _existing(path: Path, who: str) -> Path:
    if not path.exists():
        raise ConfigError(f"{who} {path}, which does not exist; create it or name another file")
    return path


def _hints() -> dict[str, Any]:
    """Type of each setting by its key, a section's own rules added to each of its settings."""
    hints: dict[str, Any] = {}
    for section, annotated in get_type_hints(Config, include_extras=True).items():
        kind, *rules = get_args(annotated) if get_origin(annotated) is Annotated else (annotated,)
        for name, hint in get_type_hints(kind, include_extras=True).items():
            hints[f"{section}.{name}"] = Annotated[hint, *rules] if rules else hint
    return hints


def _build(values: Mapping[str, object]) -> Config:
    sections = {}
    for section in fields(Config):
        kind = get_type_hints(Config)[section.name]
        own = {f.name: values[key] for f in fields(kind) if (key := f"{section.name}.{f.name}") in values}
        sections[section.name] = kind(**own)
    return Config(**sections)


def _get(config: Config, key: str) -> object:
    section, name = key.split(".")
    return getattr(getattr(config, section), name)


def _value(key: str, hint: Any, given: Given) -> object:
    try:
        return convert(hint, given.raw)
    except ValueError as exc:
        instead = f"; {_INSTEAD[key]}" if key in _INSTEAD else ""
        raise ConfigError(f"{given.origin}: {key} {exc}{instead}") from exc
