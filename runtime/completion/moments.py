"""When each turn of a conversation was said, where the caller tells the time in the system prompt, anew for each turn.

Home Assistant does. Such a prompt differs from the last one before the first word that was said, so nothing of what is
in the cache would be of use (docs/adr/0023). The sentence that tells the time is moved, as it stands, to the beginning
of the user's turn that it was told with, and there it stays: then a conversation only ever grows.

Knows the sentences, and messages; no template, no tokens, no clock.
"""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Final

from runtime.completion.values import Message

_SENTENCES: Final = re.compile(
    # Home Assistant since 2024.8: at the beginning, later behind the entities.
    r"^(?:Current time is \d\d:\d\d:\d\d\. Today's date is \d{4}-\d\d-\d\d\."
    # Home Assistant 2024.5 to 2024.7, and whoever kept its prompt.
    r"|The current time is \d\d:\d\d:\d\d\.\nToday's date is \d\d/\d\d/\d\d\.)$",
    re.MULTILINE | re.ASCII,
)
"""https://github.com/home-assistant/core/blob/dev/homeassistant/helpers/llm.py: whole lines, to the letter."""
_CLOCK: Final = re.compile(r"(\d\d):(\d\d):(\d\d)")
_TURN_S: Final = 600
"""A turn with all its calls of tools takes no longer; what is later is another turn that was begun alike."""
_TURNS: Final = 1024


class Moments:
    """What was told with which turn. May be used from several threads."""

    def __init__(self) -> None:
        self._told: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def settle(self, messages: tuple[Message, ...], client: str = "") -> tuple[Message, ...]:
        """The same conversation with the time in the turns; as it is where no time is told, or nobody said anything.

        The first lines of a turn are the sentence, then come the words. Between two calls of tools the time stays
        that of the turn; earlier turns have theirs, as far as it is remembered. `client` is who asks: what was told
        with one's turn is never shown in another's.
        """
        told, rest = _taken_out(messages)
        turns = [place for place, message in enumerate(rest) if message.role == "user"]
        if not told or not turns:
            return messages
        keys = [key for key, message in zip(_keys(rest, client), rest, strict=True) if message.role == "user"]
        begins = turns[-1] == len(rest) - 1
        with self._lock:
            known = self._told.get(keys[-1])
            if begins or known is None or not _same_turn(known, told):
                known = told
            self._told[keys[-1]] = known
            times = dict(zip(turns, map(self._told.get, keys), strict=True))
            for key in keys:
                if key in self._told:
                    self._told.move_to_end(key)
            while len(self._told) > _TURNS:
                self._told.popitem(last=False)
        return tuple(
            replace(message, content=f"{time}\n{message.content}") if (time := times.get(place)) else message
            for place, message in enumerate(rest)
        )


def _taken_out(messages: Sequence[Message]) -> tuple[str, tuple[Message, ...]]:
    """The sentences that tell the time in the system messages a conversation begins with, and the rest.

    A message that is nothing else stays: without it, a template may write a system prompt of its own.
    """
    told: list[str] = []
    rest: list[Message] = []
    for message in takewhile(lambda each: each.role == "system", messages):
        found = _SENTENCES.findall(message.content)
        content = _without(message.content) if found else message.content
        if found and content.strip():
            told += found
            rest.append(replace(message, content=content))
        else:
            rest.append(message)
    return "\n".join(told), (*rest, *messages[len(rest) :])


def _without(content: str) -> str:
    """The lines that remain."""
    kept, end, match = [], 0, None
    for match in _SENTENCES.finditer(content):
        kept.append(content[end : match.start()])
        end = min(match.end() + 1, len(content))  # with its line break
    kept.append(content[end:])
    whole = "".join(kept)
    return whole.removesuffix("\n") if match is not None and match.end() == len(content) else whole


def _keys(messages: Sequence[Message], client: str) -> Iterator[bytes]:
    """For each message a name of the conversation that ends with it. Not everybody sends again what was thought."""
    digest = hashlib.blake2b(client.encode(errors="surrogatepass"), digest_size=16)
    for message in messages:
        calls = [(call.name, dict(call.arguments)) for call in message.tool_calls]
        said = json.dumps((message.role, message.content, calls), sort_keys=True)
        digest.update(said.encode())
        yield digest.digest()


def _same_turn(known: str, told: str) -> bool:
    """Whether both tell of one day, and the later one of a moment that may belong to the same turn."""
    if _CLOCK.sub("", known) != _CLOCK.sub("", told):
        return False
    return 0 <= _seconds(told) - _seconds(known) <= _TURN_S


def _seconds(sentence: str) -> int:
    match = _CLOCK.search(sentence)
    if match is None:  # each of the sentences has one
        return 0
    hours, minutes, seconds = map(int, match.groups())
    return hours * 3600 + minutes * 60 + seconds
