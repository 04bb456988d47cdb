"""Which constraints are too much, told before any work is done on them. Pure; knows no tokens.

The library that compiles them counts its work, and stops. What it does not count is bounded here; each bound has been
seen to be needed: repeats inside repeats unroll to runs of text that all has to come, patterns that have to hold
at once multiply their states, and so do divisors.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, assert_never

from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import parse
from runtime.text.constraint import Choice, Constraint, JsonSchema, Lark, Regex, Rules
from runtime.text.least import least
from runtime.text.subschemas import is_merged, subschemas
from runtime.text.unrolled import LarkError, lark_run, regex_run

_DIVISORS: Final = 10_000
"""Most that all `multipleOf` of a schema may make together: a number's states are as many."""


def check(constraint: Constraint, limits: Limits) -> None:
    """Refuse what would cost too much, or could never end.

    Raises:
        CallerError: says what to change; `param` is what the caller calls the constraint.
    """
    refusal = _Refusal(constraint.where)
    match constraint:
        case JsonSchema(text):
            refusal.size(text, limits.grammar_bytes)
            _check_schema(_parsed(text, limits, refusal), limits, refusal)
        case Rules(lark, schemas):
            refusal.size("".join((lark, *schemas)), limits.grammar_bytes)
            for text in schemas:
                _check_schema(_parsed(text, limits, refusal), limits, refusal)
        case Regex(pattern):
            refusal.size(pattern, limits.grammar_bytes)
            refusal.run(regex_run(pattern), limits)
        case Lark(grammar):
            refusal.size(grammar, limits.grammar_bytes)
            try:
                refusal.run(lark_run(grammar), limits)
            except LarkError as exc:
                raise refusal(str(exc)) from exc
        case Choice(options):
            refusal.size("".join(options), limits.grammar_bytes)
            if not 1 <= len(options) <= limits.choices:
                raise refusal(f"has {len(options)} options; give 1 to {limits.choices}")
            if "" in options:
                raise refusal("has an empty option; give each some letters")
            refusal.run(max(map(len, options)), limits)
        case _:
            assert_never(constraint)


@dataclass(frozen=True, slots=True)
class _Refusal:
    where: str

    def __call__(self, message: str) -> CallerError:
        return CallerError(f"{self.where} {message}", param=self.where)

    def size(self, text: str, most: int) -> None:
        try:
            size = len(text.encode())
        except UnicodeEncodeError as exc:
            raise self("has half of a surrogate pair, which is no character; send valid Unicode") from exc
        if size > most:
            raise self(f"has {size} bytes, at most {most} are taken; send a smaller one")

    def run(self, letters: float, limits: Limits) -> None:
        if letters > limits.forced_letters:
            raise self(
                f"asks for {letters:g} letters without a choice, at most {limits.forced_letters} are taken; "
                "repeat less often"
            )


def _parsed(text: str, limits: Limits, refusal: _Refusal) -> Any:
    try:
        return parse(text.encode(), depth=limits.json_depth)
    except CallerError as exc:
        raise refusal(f"cannot be read: {exc}") from exc


def _check_schema(root: Any, limits: Limits, refusal: _Refusal) -> None:
    if not isinstance(root, dict | bool):
        raise refusal("is neither an object nor a boolean, so it is no JSON Schema; send one")
    divisors, patterns, merged = 1.0, 0, False
    for schema in subschemas(root):
        if "x-guidance" in schema:
            raise refusal('has the keyword "x-guidance", which is not a caller\'s to set; leave it out')
        divisors *= _coefficient(schema.get("multipleOf"))
        keys = schema.get("patternProperties")
        named = list(keys) if isinstance(keys, dict) else []
        own = [*named, *(each for each in [schema.get("pattern")] if isinstance(each, str))]
        patterns += len(own) + ("format" in schema)
        merged |= is_merged(schema) or len(named) > 1
        for letters in (*map(regex_run, own), *_counts(schema)):
            refusal.run(letters, limits)
    if divisors > _DIVISORS:
        raise refusal(
            f"asks for multiples of {divisors:g} in all, at most {_DIVISORS} is taken; ask for less"
        )
    if merged and patterns > 1:
        raise refusal(
            'lets several of "pattern", "format" and "patternProperties" meet ("allOf", or "$ref" and "anyOf" '
            "beside other keywords), which costs too much; use one pattern"
        )
    shortest = least(root)
    if math.isinf(shortest):
        raise refusal(
            "is unsatisfiable: no JSON that fits it ever ends; make a property optional, or a list empty"
        )
    refusal.run(shortest, limits)


def _counts(schema: dict[str, Any]) -> Iterator[float]:
    for key in ("minLength", "minItems", "minProperties"):
        count = schema.get(key)
        if isinstance(count, int | float):
            yield count


def _coefficient(divisor: object) -> float:
    """The whole number that a divisor is, its decimal point left out."""
    if not isinstance(divisor, int | float) or isinstance(divisor, bool):
        return 1.0
    digits = re.sub(r"e.*|\D", "", repr(divisor)).strip("0")
    return float(digits or 1)
