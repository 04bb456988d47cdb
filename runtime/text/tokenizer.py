"""The one door to the tokenizers library: text to token ids, and back.

Does not know templates, models or requests. May be used from several threads.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Self

import tokenizers

from runtime.errors import BundleError
from runtime.text.control import Rendered
from runtime.text.detokenize import Spelling, StreamDecoder
from runtime.text.midway import midway


class Reader:
    """Text to ids by a tokenizer.json: all that a model needs which writes nothing."""

    def __init__(self, source: str) -> None:
        """Take the text of a tokenizer.json.

        Raises:
            BundleError: it is not one.
        """
        try:
            self._library = tokenizers.Tokenizer.from_buffer(source.encode())
        except Exception as exc:  # the library raises Exception itself
            raise _unreadable(exc) from exc
        self._library.no_truncation()  # nothing is cut silently, whatever the file asks for
        self._library.no_padding()
        self._lock = Lock()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a tokenizer.json.

        Raises:
            BundleError: it is missing or unsound.
        """
        return cls(_text(path))

    @property
    def vocabulary_size(self) -> int:
        """How many ids there are, added tokens included."""
        return self._library.get_vocab_size(with_added_tokens=True)

    def encode(self, text: str, *, special: bool, begin: bool = False) -> tuple[int, ...]:
        """Token ids of a text.

        Args:
            text: Unicode without lone surrogates.
            special: Whether the letters of a control token are that token, or just letters.
            begin: Whether to add what this model wants around every text, if anything.
        """
        with self._lock:
            self._library.encode_special_tokens = not special
            # As a batch of one it lets other threads run; a single encode would not.
            return tuple(self._library.encode_batch_fast([text], add_special_tokens=begin)[0].ids)


class Tokenizer(Reader):
    """A tokenizer.json at work in both directions."""

    def __init__(self, source: str, reserved: Collection[str] = ()) -> None:
        """Take the text of a tokenizer.json.

        Args:
            source: JSON.
            reserved: Tokens that mean something to the chat template, though their maker does not call them special:
                no person's to write either. Those that the vocabulary lacks are nothing but letters.

        Raises:
            BundleError: it is not one, or its pieces become text in a way that we do not know.
        """
        super().__init__(source)
        added = self._library.get_added_tokens_decoder()
        self._hidden = frozenset(token for token, each in added.items() if each.special)
        own = [each for each in added.values() if each.content in reserved and not each.special]
        for each in own:
            # The library writes only special tokens as letters where it is told to.
            each.special = True
        self._library.add_special_tokens(own)
        self._spelling = Spelling.of(_state(self._library.decoder))
        control = {token: each for token, each in added.items() if each.special}
        self._added = {each.content: token for token, each in added.items()}
        self._control = {token: each.content for token, each in control.items()}
        self._literal = not any(each.normalized for each in control.values())
        self._midway = _midway(self._library)

    @classmethod
    def load(cls, path: Path, reserved: Collection[str] = ()) -> Self:
        """Read a tokenizer.json; `reserved` as above.

        Raises:
            BundleError: it is missing or unsound.
        """
        return cls(_text(path), reserved)

    @property
    def control_tokens(self) -> frozenset[str]:
        """The tokens that are no person's to write: those their maker calls special, and the reserved ones."""
        return frozenset(self._control.values())

    @property
    def control_ids(self) -> frozenset[int]:
        """Their ids."""
        return frozenset(self._control)

    def added(self, letters: str) -> int | None:
        """The token that was added to the vocabulary for just these letters, if one was."""
        return self._added.get(letters)

    def piece(self, token: int) -> str | None:
        """How the vocabulary writes an id; None if it has no such id."""
        return self._library.id_to_token(token)

    def encode_rendered(self, prompt: Rendered) -> tuple[int, ...]:
        """Token ids of a rendered template, in which the letters of a control token are that token.

        Unless a person wrote them: then they are letters. A prompt without such letters gives the same ids as the
        plain text would.
        """
        if self._literal and not prompt.foreign:
            return self.encode(prompt.text, special=True)
        with self._lock:
            self._library.encode_special_tokens = False
            encoding = self._library.encode_batch([prompt.text], add_special_tokens=False)[0]
        ids: list[int] = []
        letters: dict[str, tuple[int, ...]] = {}
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if token in self._control and self._is_forged(token, start, end, prompt):
                written = prompt.text[start:end]
                if written not in letters:
                    letters[written] = self.encode(written, special=False)
                ids.extend(letters[written])
            else:
                ids.append(token)
        return tuple(ids)

    def _is_forged(self, token: int, start: int, end: int, prompt: Rendered) -> bool:
        """Whether the letters of a control token are not the template's.

        A token may have taken in the white space around it, and one that is sought after Unicode normalisation may
        have been found in other letters than its own, which no template writes.
        """
        letters = self._control[token]
        place = prompt.text.find(letters, start, end)
        return place < 0 or prompt.is_foreign(place, place + len(letters))

    def encode_midway(self, text: str) -> tuple[int, ...]:
        """Token ids of letters that go on from others, none of which are control tokens.

        None at all where ids would say something else, as where a tokenizer changes the form of Unicode.
        """
        with self._lock, self._going_on():
            self._library.encode_special_tokens = True
            ids = tuple(self._library.encode_batch_fast([text], add_special_tokens=False)[0].ids)
        return ids if b"".join(map(self._bytes_of, ids)) == text.encode() else ()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Within: the library puts nothing in front of a text."""
        if self._midway is None:
            yield
            return
        library = self._library
        begins = library.normalizer, library.pre_tokenizer
        library.normalizer, library.pre_tokenizer = self._midway
        try:
            yield
        finally:
            library.normalizer, library.pre_tokenizer = begins

    def spelt(self, size: int) -> list[bytes]:
        """What each of so many ids stands for, a control token for its letters; nothing beyond the vocabulary."""
        return list(map(self.letters, range(size)))

    def letters(self, token: int) -> bytes:
        """What an id stands for, a control token for its letters; maybe only a part of a character."""
        piece = self._library.id_to_token(token)
        return b"" if piece is None else self._spelling.bytes_of(piece)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, without special tokens. Bytes that are no character give U+FFFD."""
        decoder = self.stream()
        return "".join(map(decoder.feed, ids)) + decoder.flush()

    def spell(self, ids: Iterable[int]) -> str:
        """The text of ids, with the letters of control tokens; ids that there are none of are left out."""
        decoder = StreamDecoder(self._letters_of, self._spelling.leading)
        return "".join(map(decoder.feed, ids)) + decoder.flush()

    def stream(self) -> StreamDecoder:
        """A decoder for one answer."""
        return StreamDecoder(self._bytes_of, self._spelling.leading)

    def _letters_of(self, token: int) -> bytes:
        return self._control[token].encode() if token in self._hidden else self._bytes_of(token)

    def _bytes_of(self, token: int) -> bytes:
        if token in self._hidden or (piece := self._library.id_to_token(token)) is None:
            return b""
        return self._spelling.bytes_of(piece)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise BundleError(f"{path} cannot be read ({exc}); pull the model again") from exc


def _state(part: Any) -> dict[str, Any] | None:
    """A part of the library's tokenizer, as it is in tokenizer.json."""
    return None if part is None else json.loads(part.__getstate__())


def _midway(library: tokenizers.Tokenizer) -> tuple[Any, Any] | None:
    """Its normalizer and pre-tokenizer for a text that goes on from another; None: the same."""
    begins = {"normalizer": _state(library.normalizer), "pre_tokenizer": _state(library.pre_tokenizer)}
    goes_on = {name: midway(part) for name, part in begins.items()}
    if goes_on == begins:
        return None
    bare = json.loads(tokenizers.Tokenizer(tokenizers.models.BPE()).to_str())
    made = tokenizers.Tokenizer.from_str(json.dumps(bare | goes_on))
    return made.normalizer, made.pre_tokenizer


def _unreadable(exc: Exception) -> BundleError:
    return BundleError(f"tokenizer.json cannot be read ({exc}); pull the model again")
