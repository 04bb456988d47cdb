"""What an owner says a board can do, as the same description that other boards give of themselves."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from firmware_bridge.described.strict import Table
from firmware_bridge.description import Capability, Flag, Type, Value, read
from firmware_bridge.errors import BoardsFileError, NonsenseError, ValueRefusedError

_TYPES: Final = {each.name.lower(): each for each in Type}
_FINEST: Final = -9


def type_of(table: Table) -> Type:
    """What kind of values it has.

    Raises:
        BoardsFileError: there is no such type.
    """
    word = table.text("type")
    if word not in _TYPES:
        raise table.wrong("type", f"is {word!r}; it is one of {', '.join(_TYPES)}")
    return _TYPES[word]


def capability(index: int, table: Table, type_: Type, *, readable: bool, settable: bool) -> Capability:
    """What the table describes; how it is worded on the line is not looked at.

    Raises:
        BoardsFileError: it describes nothing that can be; says where.
    """
    flags = Flag.READ * readable | Flag.SET * settable
    dangerous = table.flag("dangerous", default=False)
    if dangerous and not settable:
        raise table.wrong("dangerous", "is true of what cannot be set; leave it out")
    said: dict[object, object] = {0: table.text("name"), 1: int(type_)}
    said[2] = int(flags | Flag.DANGEROUS * dangerous)
    said |= {key: table.text(word) for key, word in ((3, "kind"), (9, "device_class")) if word in table}
    if type_ is Type.NUMBER:
        said |= _numbers(table)
    if type_ in {Type.OPTIONS, Type.EVENT} and "options" in table:
        said[7] = list(table.texts("options"))
    try:
        return _with_safe(read(index, said), table)
    except NonsenseError as exc:
        raise BoardsFileError(f"{table.where}: {exc}; see docs/described-boards.md") from exc


def _numbers(table: Table) -> dict[object, object]:
    """Range, scale and unit: integers of the finest decimal that is written."""
    low, high, step = (
        Decimal(str(table.number(key, default)))
        for key, default in (("min", None), ("max", None), ("step", 1))
    )
    scale = min(int(each.normalize().as_tuple().exponent) for each in (low, high, step))
    scale = min(scale, 0)
    if scale < _FINEST:
        raise table.wrong("step", f"is {step}; nothing finer than 0.000000001 can be said")
    said: dict[object, object] = {5: [int(each.scaleb(-scale)) for each in (low, high, step)], 6: scale}
    if not low < high or not 0 < step <= high - low:
        raise table.wrong(
            "min", f"to max goes from {low} to {high} by {step}; let min be below max, step between"
        )
    return said | ({4: table.text("unit")} if "unit" in table else {})


def _with_safe(found: Capability, table: Table) -> Capability:
    if "safe" not in table:
        return found
    if not found.settable or found.type is Type.PRESS:
        raise table.wrong("safe", "is said of what has no value that could be set; leave it out")
    safe = table.raw("safe")
    value: Value = safe if isinstance(safe, bool | int | float | str) else None
    try:
        return replace(found, safe=found.wire(value))
    except ValueRefusedError as exc:
        raise table.wrong("safe", f"is {safe!r}; it takes {found.takes}") from exc
