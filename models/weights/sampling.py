"""What a model's maker recommends for sampling, from whatever table of names and values the file has."""

from collections.abc import Mapping
from typing import Any, Final

from models.errors import WeightsError
from models.manifest import SamplingDefaults

_GREEDY: Final = 0.0
_SMALLEST_PENALTY: Final = 0.01


def sampling_of(values: Mapping[str, Any], file: str) -> SamplingDefaults:
    """Defaults from `values`, keyed as in `generation_config.json`; what is missing or null is ours.

    Raises:
        WeightsError: a value that no sampler could follow.
    """
    ours = SamplingDefaults()
    temperature = _number(values, "temperature", ours.temperature, file, most=100)
    return SamplingDefaults(
        temperature=_GREEDY if values.get("do_sample") is False else temperature,
        top_p=_number(values, "top_p", ours.top_p, file, most=1),
        top_k=int(_number(values, "top_k", ours.top_k, file, most=1 << 31)),
        repetition_penalty=_number(
            values, "repetition_penalty", ours.repetition_penalty, file, least=_SMALLEST_PENALTY, most=100
        ),
    )


def _number(
    values: Mapping[str, Any], key: str, default: float, file: str, *, most: float, least: float = 0
) -> float:
    value = values.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise WeightsError(
            f"{file} has the impossible {key} {str(value)[:40]!r}; correct it or fetch it again"
        )
    return float(value)
