"""The house that an evaluation's sentences are said in: a TOML file as a `House`, with states. Nothing in it moves."""

import tomllib
from pathlib import Path
from typing import Final

from runtime.commands.evaluation.tables import Table
from runtime.commands.registry.devices import (
    Area,
    Capability,
    Device,
    Domain,
    Kind,
    Name,
    Options,
    Press,
    Range,
    Switch,
    Text,
    Value,
)
from runtime.commands.registry.house import House, State
from runtime.errors import CallerError

HOUSE: Final = "house.toml"


def read_house(folder: Path) -> House:
    """Read `house.toml` of an evaluation's folder.

    Raises:
        CallerError: it cannot be read, or has something that no house has, named.
    """
    whole = read_toml(folder / HOUSE)
    areas = {
        name: Area(name, _names(table), table.optional("floor")) for name, table in whole.tables("areas")
    }
    devices: dict[str, Device] = {}
    states: dict[tuple[str, str], State] = {}
    away = set()
    for name, table in whole.tables("devices"):
        found = [(each, *_capability(each, within)) for each, within in table.tables("capabilities")]
        area = table.optional("area")
        if area is not None and area not in areas:
            raise CallerError(f"{table.where}: there is no area {area!r}; add it, or name another")
        devices[name] = Device(
            id=name,
            names=_names(table),
            kind=_kind(table),
            capabilities=tuple(capability for _, capability, _ in found),
            area=area,
            device_class=table.optional("device_class"),
            source="toml",
        )
        if table.get("away", bool, default=False):
            away.add(name)
        states |= {(name, each): State(state, 0.0) for each, _, state in found if state is not None}
        table.done()
    whole.done()
    return House(areas, devices, states, frozenset(away), version=1)


def read_toml(path: Path) -> Table:
    """A TOML file as a table.

    Raises:
        CallerError: it is not there, or not TOML.
    """
    try:
        return Table(tomllib.loads(path.read_text(encoding="utf-8")), path.name)
    except OSError as exc:
        raise CallerError(f"cannot read {path} ({exc.strerror}); name another folder") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise CallerError(f"{path.name} is not TOML ({exc}); correct it") from exc


def _names(table: Table) -> tuple[Name, ...]:
    names = []
    for raw in table.needed("names", list):
        if isinstance(raw, str):
            names.append(Name(raw))
        else:
            named = Table(raw, f"{table.where}: names")
            names.append(Name(named.needed("text", str), named.optional("language")))
    return tuple(names)


def _kind(table: Table) -> Kind:
    word = table.needed("kind", str)
    try:
        return Kind(word)
    except ValueError as exc:
        raise CallerError(f"{table.where}: there is no kind {word!r}; use one of {', '.join(Kind)}") from exc


def _capability(name: str, table: Table) -> tuple[Capability, Value]:
    capability = Capability(
        name=name,
        domain=_domain(table),
        settable=table.get("settable", bool, default=True),
        readable=table.get("readable", bool, default=True),
        also_read=table.texts("also_read"),
        dangerous=tuple(table.get("dangerous", list, [])),
        always_dangerous=table.get("always_dangerous", bool, default=False),
    )
    state = table.any("state")
    table.done()
    return capability, state


def _domain(table: Table) -> Domain:
    match kind := table.needed("type", str):
        case "switch":
            return Switch()
        case "range":
            low, high = table.number("low", 0.0), table.number("high", 100.0)
            return Range(low, high, table.number("step", 1.0), table.get("unit", str, ""))
        case "options":
            return Options(table.texts("values"))
        case "press":
            return Press()
        case "text":
            return Text()
        case _:
            raise CallerError(
                f"{table.where}: there is no type {kind!r}; use switch, range, options, press or text"
            )
