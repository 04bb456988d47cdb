"""Where the part of a prompt ends that every conversation with the same system prompt and tools begins with.

Found by asking the chat template itself: conversations that have nothing in common but system prompt and tools are
rendered, and what their token ids have in common is it. So nobody's words are in it, whatever the template does.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from itertools import takewhile
from typing import Final

from runtime.completion.values import CompletionRequest, Message
from runtime.engine.prefix import common_prefix
from runtime.errors import BundleError, CallerError

_STRANGERS: Final = ("0", "A", "\n\n0")
"""What people say who have nothing in common; one begins with white space, which joins a token of the template's."""
_REMEMBERED: Final = 16
_NONE: Final[tuple[int, ...]] = ()

Encode = Callable[[CompletionRequest], tuple[int, ...]]


class StableStart:
    """Of the conversations with one model. May be used from several threads."""

    def __init__(self, encode: Encode) -> None:
        """Take the way from messages to token ids."""
        self._encode = encode
        self._found: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, request: CompletionRequest, ids: tuple[int, ...]) -> int:
        """How many of the prompt's ids are stable; 0 where the template does not put that part first."""
        asked = replace(
            request, messages=tuple(takewhile(lambda message: message.role == "system", request.messages))
        )
        said = repr((asked.messages, asked.tools, asked.thinking, asked.template_switches))
        key = hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=16).digest()
        with self._lock:
            start = self._found.get(key, _NONE)
        if not start or ids[: len(start)] != start:  # a template may write today's date
            start = self._common(asked)
            self._remember(key, start)
        return len(start) if ids[: len(start)] == start else 0

    def _common(self, asked: CompletionRequest) -> tuple[int, ...]:
        try:
            prompts = [
                self._encode(replace(asked, messages=(*asked.messages, Message("user", words))))
                for words in _STRANGERS
            ]
        except (
            CallerError,
            BundleError,
        ):  # the template takes no such conversation, only the one that was asked
            return _NONE
        return prompts[0][: min(common_prefix(prompts[0], other) for other in prompts[1:])]

    def _remember(self, key: bytes, start: tuple[int, ...]) -> None:
        with self._lock:
            self._found[key] = start
            self._found.move_to_end(key)
            if len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
