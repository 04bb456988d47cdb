"""The house file: areas and devices as the owner writes them down.

Strict to the last key: a typo is refused with the nearest word there is, the file's name and the place in it.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from models.strict import MisfitError, load
from runtime.commands.registry.description import described, names_of
from runtime.commands.registry.devices import Area
from runtime.commands.registry.names import plain_name
from runtime.commands.registry.owned import Owned, owned
from runtime.commands.registry.tables import AreaTable, OwnedTable, word
from runtime.commands.registry.wiring import Found
from runtime.errors import ConfigError, DeviceError

SOURCE: Final = "toml"
_KEYS: Final = ("areas", "devices", "discovered")


@dataclass(frozen=True, slots=True)
class HouseFile:
    """What an owner wrote down."""

    areas: tuple[Area, ...] = ()
    devices: tuple[Found, ...] = ()
    owned: Mapping[str, Owned] = field(default_factory=dict)
    """By id, what is said of devices that describe themselves."""


def house_file(path: Path) -> HouseFile:
    """Read a house file.

    Raises:
        ConfigError: it cannot be read, is no TOML, or describes what cannot be; says where.
    """
    try:
        return _house(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read ({exc.strerror}); name another house file") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    except (DeviceError, MisfitError) as exc:
        raise ConfigError(f"{path}: {exc}") from exc


def _house(raw: dict[str, object]) -> HouseFile:
    for key in raw:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            advice = f"did you mean {near[0]}?" if near else "write [[areas]], [[devices]] and [[discovered]]"
            raise DeviceError(f"{key} is not known here; {advice}")
    areas = tuple(_area(each, f"areas[{i}]") for i, each in enumerate(_tables(raw, "areas")))
    devices = tuple(
        described(each, SOURCE, f"devices[{i}]") for i, each in enumerate(_tables(raw, "devices"))
    )
    _once([each.id for each in areas], "areas")
    _once([each.entry.device.id for each in devices], "devices")
    for each in devices:
        _known(each.entry.device.id, each.area_name, areas)
    said = tuple(_owned(each, f"discovered[{i}]") for i, each in enumerate(_tables(raw, "discovered")))
    _once(
        [*(each.entry.device.id for each in devices), *(each.id for each in said)], "devices and discovered"
    )
    for one in said:
        _known(one.id, one.area, areas)
    return HouseFile(areas, devices, {each.id: each for each in said})


def _tables(raw: dict[str, object], key: str) -> Sequence[object]:
    tables = raw.get(key, [])
    if not isinstance(tables, list):
        raise DeviceError(f"{key} is one table; write [[{key}]] before each")
    return tables


def _area(raw: object, where: str) -> Area:
    table = load(AreaTable, raw, where)
    try:
        area_id = plain_name(table.id, "id")
        floor = table.floor and word(table.floor, "floor")
        return Area(area_id, names_of(table.names, area_id), floor)
    except DeviceError as exc:
        raise DeviceError(f"{where}: {exc}") from exc


def _owned(raw: object, where: str) -> Owned:
    table = load(OwnedTable, raw, where)
    try:
        return owned(table)
    except DeviceError as exc:
        raise DeviceError(f"{where}: {exc}") from exc


def _once(ids: list[str], key: str) -> None:
    for each in ids:
        if ids.count(each) > 1:
            raise DeviceError(f"{key} has {each!r} twice; give each an id of its own")


def _known(device: str, area: str | None, areas: tuple[Area, ...]) -> None:
    """Where areas are written down, a device is in one of them: another name is a typo."""
    names = {name.text for each in areas for name in each.names} | {each.id for each in areas}
    if not areas or area is None or area in names:
        return
    near = get_close_matches(area, names, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(each.id for each in areas)}"
    raise DeviceError(f"{device} is in area {area!r}, which is not among areas; {advice}")
