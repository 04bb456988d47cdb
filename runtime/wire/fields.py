"""Reading a JSON object field by field: type, range, and an error with the name that the caller wrote.

Null stands for "not given", as OpenAI's clients send it. Knows no dialect; no I/O.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.errors import CallerError
from runtime.strict_json import shown


def text(value: object, name: str) -> str:
    """`value` as a string that can be encoded.

    Raises:
        CallerError: not a string, or half of a surrogate pair in it.
    """
    if not isinstance(value, str):
        raise CallerError(f"{name} is {shown(value)}; send a string", param=name)
    try:
        value.encode()
    except UnicodeEncodeError as exc:
        raise CallerError(
            f"{name} holds half of a surrogate pair at character {exc.start}; send whole characters",
            param=name,
        ) from exc
    return value


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a JSON object, `prefix` being where it stands in the body.

    Every reader raises CallerError, with the field's full name as `param`.
    """

    values: Mapping[str, Any]
    prefix: str = ""

    @classmethod
    def of(cls, value: object, where: str = "") -> "Fields":
        """The fields of `value`, which has to be an object."""
        if not isinstance(value, dict):
            raise CallerError(f"{where or 'the body'} is {shown(value)}; send an object", param=where or None)
        return cls(value, f"{where}." if where else "")

    def name(self, key: str) -> str:
        """The field's full name."""
        return self.prefix + key

    def get(self, key: str) -> Any:
        """The raw value; None when it is null or missing."""
        return self.values.get(key)

    def text(self, key: str) -> str | None:
        """A string."""
        value = self.get(key)
        return None if value is None else text(value, self.name(key))

    def flag(self, key: str) -> bool:
        """A boolean; false when not given."""
        value = self.get(key)
        if not isinstance(value, bool | None):
            raise CallerError(f"{self.name(key)} is {shown(value)}; send true or false", param=self.name(key))
        return bool(value)

    def integer(self, key: str, low: int, high: int) -> int | None:
        """A whole number of [low, high]; 3.0 counts as one, as in JSON Schema."""
        value = self.number(key, low, high)
        if value is None or isinstance(value, int):
            return value
        if not value.is_integer():
            raise CallerError(f"{self.name(key)} is {value}; send a whole number", param=self.name(key))
        return int(value)

    def number(self, key: str, low: float, high: float) -> int | float | None:
        """A number of [low, high]."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise CallerError(
                f"{self.name(key)} is {shown(value)}; send a number from {low} to {high}",
                param=self.name(key),
            )
        return value

    def real(self, key: str, low: float, high: float) -> float | None:
        """A number of [low, high], as float."""
        value = self.number(key, low, high)
        return None if value is None else float(value)

    def objects(self, key: str, most: int) -> "Iterator[Fields]":
        """The objects of a list that is neither empty nor longer than `most`."""
        value = self.get(key)
        name = self.name(key)
        if key not in self.values:
            raise CallerError(f"{name} is missing; send a list with at least one object", param=name)
        if not isinstance(value, list) or not value:
            raise CallerError(f"{name} is {shown(value)}; send a list with at least one object", param=name)
        if len(value) > most:
            raise CallerError(f"{name} has {len(value)} entries; send at most {most}", param=name)
        for index, item in enumerate(value):
            yield Fields.of(item, f"{name}[{index}]")
