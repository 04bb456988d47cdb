"""Token ids and back, in one piece and one id at a time, against the library on its own."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import BundleError
from runtime.text.detokenize import Spelling, StreamDecoder
from runtime.text.tokenizer import Tokenizer
from tests.support.text import SCRIPTS, SPECIAL, byte_level, sentencepiece

BYTES = Tokenizer(byte_level())
PIECES = Tokenizer(sentencepiece())
LIBRARY = tokenizers.Tokenizer.from_str(byte_level())
both = pytest.mark.parametrize("tokenizer", [BYTES, PIECES], ids=["byte-level", "sentencepiece"])
ids_of_bytes = st.lists(st.integers(0, BYTES.vocabulary_size + 3), max_size=60)


def streamed(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    decoder = tokenizer.stream()
    return [*map(decoder.feed, ids), decoder.flush()]


@given(ids_of_bytes)
def test_streamed_text_is_the_librarys_text_of_any_ids(ids: list[int]) -> None:
    assert "".join(streamed(BYTES, ids)) == LIBRARY.decode(ids) == BYTES.decode(ids)


@both
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(SCRIPTS))
def test_any_text_survives(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text, special=False)
    deltas = streamed(tokenizer, list(ids))
    assert "".join(deltas) == text.replace("▁", " ") if tokenizer is PIECES else "".join(deltas) == text
    assert all("\ufffd" not in delta for delta in deltas) or "\ufffd" in text


@given(text=st.sampled_from(SCRIPTS))
def test_pieces_become_the_librarys_text(text: str) -> None:
    library = tokenizers.Tokenizer.from_str(sentencepiece())
    ids = library.encode(text).ids
    assert PIECES.decode(ids) == library.decode(ids)


@pytest.mark.parametrize("text", SCRIPTS)
def test_every_delta_is_whole_characters(text: str) -> None:
    vocabulary = LIBRARY.get_vocab()
    one_byte_each = [vocabulary[piece] for piece in _spelt(text.encode())]
    deltas = streamed(BYTES, one_byte_each)
    assert [delta for delta in deltas if delta] == list(text)


def _spelt(data: bytes) -> list[str]:
    spelling = Spelling(byte_level=True)
    alphabet = {spelling.bytes_of(piece): piece for piece in map(chr, range(0x21, 0x200)) if len(piece) == 1}
    return [alphabet[bytes([byte])] for byte in data]


@given(st.binary(max_size=40))
def test_broken_bytes_give_what_python_gives(data: bytes) -> None:
    decoder = StreamDecoder(lambda byte: bytes([byte]))
    text = "".join(map(decoder.feed, data)) + decoder.flush()
    assert text == data.decode("utf-8", errors="replace")


def test_a_character_cut_off_is_replaced_at_the_end_only() -> None:
    decoder = StreamDecoder(lambda byte: bytes([byte]))
    assert [decoder.feed(byte) for byte in "é".encode()[:1]] == [""]
    assert decoder.flush() == "\ufffd"


def test_the_leading_space_goes_once() -> None:
    ids = [*PIECES.encode(" fox", special=False), *PIECES.encode("fox", special=False)]
    assert PIECES.decode(ids) == " fox fox"


def test_control_tokens_are_letters_unless_asked_for() -> None:
    text = "a<|im_end|>b"
    assert 2 in BYTES.encode(text, special=True)
    letters = BYTES.encode(text, special=False)
    assert not {0, 1, 2} & set(letters)
    assert BYTES.decode(letters) == text
    assert BYTES.decode([1, 2, *BYTES.encode("b", special=False), 0]) == "b"
    assert BYTES.control_tokens == frozenset(SPECIAL)


def test_an_added_token_that_is_not_special_is_text() -> None:
    (token,) = BYTES.encode("<tool_call>", special=False)
    assert BYTES.decode([token]) == "<tool_call>"


def test_nothing_is_cut_or_padded_whatever_the_file_says() -> None:
    library = tokenizers.Tokenizer.from_str(byte_level())
    library.enable_truncation(4)
    library.enable_padding(length=64)
    tokenizer = Tokenizer(library.to_str())
    assert tokenizer.decode(tokenizer.encode(SCRIPTS[0], special=False)) == SCRIPTS[0]


def test_what_a_model_wants_in_front_is_added_when_asked_for() -> None:
    library = tokenizers.Tokenizer.from_str(byte_level())
    library.post_processor = tokenizers.processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    tokenizer = Tokenizer(library.to_str())
    plain = tokenizer.encode("fox", special=False)
    assert tokenizer.encode("fox", special=False, begin=True) == (0, *plain)


@both
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(SCRIPTS))
def test_a_text_that_goes_on_is_what_its_ids_are_spelt(tokenizer: Tokenizer, text: str) -> None:
    before = tokenizer.encode(text, special=False)
    spelt = tokenizer.spelt(tokenizer.vocabulary_size + 2)
    ids = tokenizer.encode_midway(text)
    assert b"".join(spelt[token] for token in ids) == text.encode() or (tokenizer is PIECES and "▁" in text)
    assert tokenizer.encode(text, special=False) == before, "how a text begins is as it was"


def test_what_goes_on_has_no_control_tokens() -> None:
    assert BYTES.encode_midway("a<|im_end|>b") == BYTES.encode("a<|im_end|>b", special=False)
    assert not PIECES.encode_midway("▁"), "it would be read as a space"


def test_unsound_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="pull the model again"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    (tmp_path / "tokenizer.json").write_bytes(b"\xff")
    with pytest.raises(BundleError, match="pull the model again"):
        Tokenizer.load(tmp_path / "tokenizer.json")
    with pytest.raises(BundleError, match="pull the model again"):
        Tokenizer('{"model": {}}')


@pytest.mark.parametrize("decoder", [None, {"type": "WordPiece", "prefix": "##", "cleanup": True}])
def test_decoders_we_do_not_know_are_refused(decoder: dict[str, Any] | None) -> None:
    raw = json.loads(byte_level())
    raw["decoder"] = decoder
    with pytest.raises(BundleError, match=r"WordPiece|pieces become text"):
        Tokenizer(json.dumps(raw))
