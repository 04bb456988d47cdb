"""JSON from strangers: RFC 8259 and nothing beyond it, within bounds.

The standard reader takes NaN and Infinity, turns 1e400 into infinity, lets a repeated key silently win,
guesses UTF-16 and recurses as deep as it is told to. Each of these is refused here, in a sentence. No I/O.
"""

import json
import math
import re
from collections import Counter
from typing import Any, Final

from runtime.errors import CallerError

DIGITS: Final = 19
"""Of the largest 64-bit integer: no field of any dialect needs more."""
_SHOWN: Final = 60
"""Characters of a value that an error message quotes."""
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def parse(body: bytes, *, depth: int) -> Any:
    """The value that `body` spells.

    Raises:
        CallerError: not UTF-8, not JSON, nested deeper than `depth`, a number out of range, a key given twice.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as exc:
        raise CallerError(f"the body is not UTF-8 (byte {exc.start}); send JSON encoded as UTF-8") from exc
    if _depth(text) > depth:
        raise CallerError(f"the body nests deeper than {depth} levels; send a flatter one")
    try:
        return json.loads(
            text, parse_int=_int, parse_float=_float, parse_constant=_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as exc:
        raise CallerError(
            f"the body is not JSON ({exc.msg} at line {exc.lineno}, column {exc.colno}); send valid JSON"
        ) from exc


def shown(value: object) -> str:
    """`value` as an error message may quote it: escaped, short, and null, true and false as the caller wrote them."""
    text = json.dumps(value) if value is None or isinstance(value, bool) else ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside strings. Counted before parsing, because the parser recurses."""
    deepest = level = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in "[{":
            level += 1
            deepest = max(deepest, level)
        elif mark in "]}":
            level -= 1
    return deepest


def _int(digits: str) -> int:
    if len(digits.lstrip("-")) > DIGITS:
        raise CallerError(f"the number {shown(digits)} is out of range; send one below 10**{DIGITS}")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise CallerError(f"the number {shown(digits)} is out of range; send a finite one")
    return value


def _constant(name: str) -> float:
    raise CallerError(f"{name} is not JSON; send a finite number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise CallerError(f"the key {shown(twice)} is given twice in one object; send it once")
    return value
