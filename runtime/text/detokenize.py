"""From token ids back to text, one id at a time.

A vocabulary's pieces stand for bytes, and a character may be spread over several of them. Knows the two ways in which
the language models of this field write bytes as pieces; does not know the tokenizers library.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from runtime.errors import BundleError

_PRINTABLE: Final = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_OTHERS: Final = tuple(byte for byte in range(256) if byte not in _PRINTABLE)
_BYTE_OF: Final[Mapping[str, int]] = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(0x100 + place): byte for place, byte in enumerate(_OTHERS)
}
"""The alphabet of byte-level BPE: printable bytes stand for themselves, others for U+0100 and up (GPT-2)."""

_NO_BYTE: Final = "\uffff"
_LATIN: Final[Mapping[int, str]] = dict.fromkeys(range(256), _NO_BYTE) | {
    ord(character): chr(byte) for character, byte in _BYTE_OF.items()
}
"""To the character whose number the byte is, so that a whole piece is written at once."""

_BYTE_PIECE: Final = re.compile(r"<0x([0-9A-Fa-f]{2})>")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a vocabulary writes bytes as pieces: the `decoder` of a tokenizer.json, as far as language models use it."""

    byte_level: bool = False
    replacements: tuple[tuple[str, str], ...] = ()
    byte_pieces: bool = False
    """Whether `<0x0A>` is the byte 10 (SentencePiece's byte fallback)."""
    leading: str = ""
    """Taken away at the beginning of a text, as often as it is there, up to its length; one repeated character."""

    @classmethod
    def of(cls, decoder: Mapping[str, Any] | None) -> Self:
        """Read the decoder of a tokenizer.json.

        Raises:
            BundleError: a decoder that no language model we know of uses.
        """
        parts = [] if decoder is None else decoder["decoders"] if decoder["type"] == "Sequence" else [decoder]
        byte_level = byte_pieces = False
        replacements: list[tuple[str, str]] = []
        leading = ""
        for part in parts:
            match part:
                case {"type": "ByteLevel"}:
                    byte_level = True
                case {"type": "Replace", "pattern": {"String": str(old)}, "content": str(new)}:
                    replacements.append((old, new))
                case {"type": "ByteFallback"}:
                    byte_pieces = True
                case {"type": "Strip", "content": str(content), "start": int(start), "stop": 0}:
                    leading = content * start
                case {"type": "Fuse"}:
                    pass
                case _:
                    raise BundleError(f"the tokenizer's decoder {part.get('type')!r} is not supported")
        if not (byte_level or replacements):
            raise BundleError("the tokenizer does not say how its pieces become text")
        return cls(byte_level, tuple(replacements), byte_pieces, leading)

    def bytes_of(self, piece: str) -> bytes:
        """What a piece stands for; maybe only a part of a character."""
        if self.byte_level:
            try:
                return piece.translate(_LATIN).encode("latin-1")
            except UnicodeEncodeError:  # an added token, which is written as it is
                return piece.encode()
        for old, new in self.replacements:
            piece = piece.replace(old, new)
        if self.byte_pieces and (match := _BYTE_PIECE.fullmatch(piece)):
            return bytes.fromhex(match[1])
        return piece.encode()


class StreamDecoder:
    """Turns ids into text as they come. What `feed` and then `flush` gave, joined, is the text of all ids."""

    def __init__(self, bytes_of: Callable[[int], bytes], leading: str = "") -> None:
        self._bytes_of = bytes_of
        self._leading = leading
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, token: int) -> str:
        """The characters that this id completes: often one word, sometimes nothing, never a part of one.

        Bytes that cannot become a character any more give U+FFFD, as soon as that is certain.
        """
        return self._strip(self._utf8.decode(self._bytes_of(token)))

    def flush(self) -> str:
        """U+FFFD if the last character never came to its end, else nothing."""
        return self._strip(self._utf8.decode(b"", final=True))

    def _strip(self, text: str) -> str:
        while self._leading and text:
            if text[0] != self._leading[0]:
                self._leading = ""
                break
            text, self._leading = text[1:], self._leading[1:]
        return text
