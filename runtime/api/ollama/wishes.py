"""How Ollama's clients say what they want of an answer: `options`, `keep_alive`, `format`, `think`. No I/O.

https://docs.ollama.com/modelfile#valid-parameters-and-values
"""

from dataclasses import dataclass, field
from typing import Any, Final

from runtime.completion import Constraint, JsonSchema, SamplingOptions
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire import asked, durations
from runtime.wire.fields import Fields

_FOR_EVER: Final = -1.0
_LONGEST_S: Final = 31_536_000.0
"""A year; what is to stay longer stays for ever."""
_NO_LIMIT: Final = -1
_FILL: Final = -2
_LEVELS: Final = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Options:
    """What `options` say, of what can be said here; those that are about how Ollama uses a machine are ignored."""

    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    """The most; an answer ends with the context before."""


def options(fields: Fields, limits: Limits) -> Options:
    """Read `options`. Whatever `num_ctx` says, a prompt that fits is served, and one that does not is refused.

    Raises:
        CallerError: one of those that are known has the wrong type, or is out of range.
    """
    value = fields.get("options")
    if value is None:
        return Options()
    said = Fields.of(value, "options")
    said.integer("num_ctx", 0, asked.MOST_TOKENS)
    seed = said.integer("seed", -(2**63), 2**63 - 1)
    top_p = said.real("top_p", 0, 1)
    top_k = said.integer("top_k", -1, asked.MOST_TOKENS)
    return Options(
        SamplingOptions(
            temperature=said.real("temperature", 0, 2),
            top_p=None if top_p is None else max(top_p, asked.LEAST_SHARE),
            top_k=None if top_k is None else max(top_k, 0),
            min_p=said.real("min_p", 0, 1),
            repetition_penalty=said.real("repeat_penalty", 0.01, 10),
            presence_penalty=said.real("presence_penalty", -2, 2),
            frequency_penalty=said.real("frequency_penalty", -2, 2),
            # Ollama's -1 is "another each time".
            seed=None if seed is None or seed < 0 else seed,
        ),
        asked.stop(said, limits),
        _max_tokens(said),
    )


def _max_tokens(said: Fields) -> int | None:
    most = said.integer("num_predict", _FILL, asked.MOST_TOKENS)
    if most == 0:
        raise CallerError(
            "options.num_predict is 0; send 1 or more, or no prompt to load a model",
            param="options.num_predict",
        )
    if most is None or most == _NO_LIMIT:
        return None
    return asked.MOST_TOKENS if most == _FILL else most


def keep_alive(fields: Fields) -> float | None:
    """How many seconds the model is to stay after this; negative is for ever, None as the owner says.

    Raises:
        CallerError: neither a number of seconds nor a duration.
    """
    value = fields.get("keep_alive")
    if value is None:
        return None
    if isinstance(value, str):
        found = durations.seconds(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    else:
        found = None
    if found is None:
        raise CallerError(
            f'keep_alive is {shown(value)}; send seconds, or a duration such as "5m"', param="keep_alive"
        )
    return _FOR_EVER if found < 0 or found > _LONGEST_S else found


def held_to(fields: Fields) -> Constraint | None:
    """What `format` says the answer has to be: "json" for any object, or a JSON Schema.

    Raises:
        CallerError: it is neither.
    """
    value: Any = fields.get("format")
    if value in (None, ""):
        return None
    if value == "json":
        return JsonSchema.of({"type": "object"}, "format")
    if isinstance(value, dict):
        return JsonSchema.of(value, "format")
    raise CallerError(f'format is {shown(value)}; send "json" or a JSON Schema', param="format")


def think(fields: Fields) -> bool | None:
    """Whether to think first; None leaves it to the model. How much is not for us to say: each level is yes.

    Raises:
        CallerError: none of the values there are.
    """
    value = fields.get("think")
    if value is None or isinstance(value, bool):
        return value
    if value in _LEVELS:
        return True
    raise CallerError(f'think is {shown(value)}; send true, false, "high", "medium" or "low"', param="think")
