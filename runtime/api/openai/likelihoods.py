"""How likely tokens were, in OpenAI's two forms: of chats, and of texts. No I/O."""

from collections.abc import Iterable, Sequence
from typing import Any

from runtime.completion import Option, Said


def of_chat(tokens: Iterable[Said]) -> dict[str, Any]:
    """The `logprobs` of a choice, or of a chunk of one."""
    content = [_option(each.token) | {"top_logprobs": list(map(_option, each.top))} for each in tokens]
    return {"content": content, "refusal": None}


def of_text(tokens: Sequence[Said], offset: int) -> dict[str, Any]:
    """The same as lists; `offset` is where in the text the first token stands, in characters."""
    letters = [_letters(each.token) for each in tokens]
    offsets = [offset + sum(map(len, letters[:place])) for place in range(len(letters))]
    return {
        "tokens": letters,
        "token_logprobs": [each.token.logprob for each in tokens],
        "top_logprobs": [
            {_letters(option): option.logprob for option in reversed(each.top)} for each in tokens
        ],
        "text_offset": offsets,
    }


def _option(option: Option) -> dict[str, Any]:
    return {"token": _letters(option), "logprob": option.logprob, "bytes": list(option.letters)}


def _letters(option: Option) -> str:
    return option.letters.decode(errors="replace")
