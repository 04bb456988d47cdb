"""Which tokens end an answer. Makers often forget to declare the one that ends a turn."""

from collections.abc import Iterable, Mapping
from typing import Final

_TURN_ENDS: Final = frozenset(
    {
        "<|im_end|>",
        "<|endoftext|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<|end_of_text|>",
        "<end_of_turn>",
        "<|end|>",
        "<|end_of_turn|>",
        "<|eot|>",
        "</s>",
    }
)
"""Control tokens after which no trained model goes on with its own turn, whatever the file declares."""


def stop_ids(declared: Iterable[int], special: Mapping[str, int]) -> tuple[int, ...]:
    """The `declared` ids, then those of the well-known turn ends among the `special` tokens, none twice."""
    known = sorted(special[text] for text in _TURN_ENDS & special.keys())
    return tuple(dict.fromkeys([*declared, *known]))
