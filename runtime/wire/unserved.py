"""Fields that would change the answer and are not served, and those whose names are slips: refused by name. No I/O.

An answer that silently ignores one would be wrong. What is unknown and like no field is ignored: other servers have
many that say nothing of the answer. Knows the names that vLLM, llama-server and OpenAI have for what no dialect here
serves.
"""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from itertools import islice
from types import MappingProxyType
from typing import Final

from runtime.errors import CallerError
from runtime.wire.fields import Fields

Refused = Mapping[str, tuple[tuple[object, ...], str]]
"""By field: the values, besides null, that ask for nothing; and what to do, or why it cannot be had."""
NOTHING: Final[tuple[object, ...]] = (False, 0, "", [], {})

SAMPLING: Final = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty"),
        *("frequency_penalty", "logit_bias", "seed", "stop", "priority"),
    }
)
"""What `runtime.wire.asked` reads of every request."""

_ELSEWHERE: Final = "nothing here does that; leave it out"
EVERYWHERE: Final[Refused] = MappingProxyType(
    {
        "images": (NOTHING, "models here read text alone; leave it out"),
        "prediction": (NOTHING, _ELSEWHERE),
        "min_tokens": (NOTHING, "an answer ends where the model ends it; leave it out"),
        "ignore_eos": (NOTHING, "an answer ends where the model ends it; leave it out"),
        "stop_token_ids": (NOTHING, "send the text in stop"),
        "include_stop_str_in_output": (NOTHING, "a stop string is never shown; leave it out"),
        "bad_words": (NOTHING, "send their tokens in logit_bias"),
        "allowed_token_ids": (NOTHING, "send logit_bias, or a form"),
        "logits_processors": (NOTHING, _ELSEWHERE),
        "use_beam_search": (NOTHING, _ELSEWHERE),
        "length_penalty": ((1,), _ELSEWHERE),
        "truncate_prompt_tokens": (NOTHING, "nothing is cut silently here; leave it out, and send less"),
        "prompt_logprobs": (NOTHING, "only the answer's are told; leave it out"),
        "repeat_penalty": (NOTHING, "send repetition_penalty"),
        "mirostat": (NOTHING, _ELSEWHERE),
        "typical_p": ((1,), _ELSEWHERE),
        "typ_p": ((1,), _ELSEWHERE),
        "tfs_z": ((1,), _ELSEWHERE),
        "top_a": (NOTHING, _ELSEWHERE),
        "top_n_sigma": ((-1,), _ELSEWHERE),
        "dynatemp_range": (NOTHING, _ELSEWHERE),
        "xtc_probability": (NOTHING, _ELSEWHERE),
        "dry_multiplier": (NOTHING, _ELSEWHERE),
        "samplers": (NOTHING, "their order is fixed here; leave it out"),
        "n_probs": (NOTHING, "send logprobs"),
        "chat_template": (NOTHING, "a model has its own; leave it out"),
        "continue_final_message": (NOTHING, "send the text to /v1/completions"),
        "add_generation_prompt": ((True,), "send the text to /v1/completions"),
        "documents": (NOTHING, "send them in a message"),
    }
)
_LOOKED_AT: Final = 16
_LONGEST: Final = 40
"""Comparing names takes time: of unknown ones so many, and no longer ones, are looked at."""


def refuse(fields: Fields, served: Collection[str], refused: Refused) -> None:
    """Let a body pass whose fields are all `served`, ask for nothing, or are like none.

    Raises:
        CallerError: one is known and not served, or named almost as one that is.
    """
    for key, (neutral, instead) in refused.items():
        value = fields.get(key)
        if value is not None and not any(value is each or value == each for each in neutral):
            raise CallerError(f"{fields.name(key)} is not served: {instead}", param=fields.name(key))
    names = {each.replace("_", ""): each for each in served if len(each) > 1}
    unknown = (
        key for key in fields.values if key not in served and key not in refused and len(key) <= _LONGEST
    )
    for key in islice(unknown, _LOOKED_AT):
        plain = key.lower().replace("_", "").replace("-", "")
        if near := get_close_matches(plain, names, 1, 0.85):
            raise CallerError(
                f"{fields.name(key)} is not known; did you mean {names[near[0]]}?", param=fields.name(key)
            )
