"""Tokenizers out of GGUF metadata: the same ids as the model's own tokenizer, and every text comes back."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

from models.errors import WeightsError
from models.weights.gguf_bytelevel import SPLITS
from models.weights.gguf_header import read_header
from models.weights.gguf_tokenizer import GgufTokenizer, read_tokenizer
from tests.support.ggufs import write_gguf
from tests.support.tiny import tiny_checkpoint

text = st.text(st.characters(codec="utf-8"), max_size=60)
odd = st.lists(
    st.one_of(
        text,
        st.sampled_from(
            [
                "  ",
                "\n",
                "\t",
                "\r\n",
                "1234",
                "½",
                "²",
                "it's",
                "DON'T",
                "👩‍👩‍👧",
                "漢字",
                "e\u0301",
                "\x00",
                "the",
            ]
        ),
    ),
    max_size=8,
).map("".join)


def byte_metadata(pre: str | None, **changes: Any) -> dict[str, Any]:
    """A vocabulary of the 256 bytes, three merges and two special tokens."""
    alphabet = sorted(ByteLevel.alphabet())
    tokens = ["<|end|>", "<|start|>", *alphabet, "th", "the", "Ġthe", "<tool>"]
    kinds = [3, 3] + [1] * (len(tokens) - 3) + [4]
    values = {
        "model": "gpt2",
        "pre": pre,
        "tokens": tokens,
        "token_type": kinds,
        "merges": ["t h", "th e", "Ġ the"],
        "bos_token_id": 1,
        "eos_token_id": 0,
    }
    return {
        f"tokenizer.ggml.{key}": value for key, value in {**values, **changes}.items() if value is not None
    }


def read(metadata: Mapping[str, Any]) -> GgufTokenizer:
    """For an embedding that has a row for each token."""
    return read_tokenizer(metadata, len(metadata.get("tokenizer.ggml.tokens", ())), "m.gguf")


def load(metadata: Mapping[str, Any]) -> Tokenizer:
    return Tokenizer.from_buffer(read(metadata).json)


def words(tokenizer: Tokenizer, value: str) -> list[str]:
    """The text of each word merges may not cross."""
    return [value[start:end] for _, (start, end) in tokenizer.pre_tokenizer.pre_tokenize_str(value)]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, Tokenizer]:
    """The golden tokenizer by way of GGUF, and itself."""
    golden = tiny_checkpoint()
    path = tmp_path_factory.mktemp("gguf") / "m.gguf"
    write_gguf(path, golden)
    return load(read_header(path).metadata), Tokenizer.from_buffer(golden.tokenizer)


@given(value=odd)
@settings(max_examples=200, deadline=None)
def test_the_same_ids_as_the_models_own(value: str, converted: tuple[Tokenizer, Tokenizer]) -> None:
    found, own = converted
    marked = f"<|im_start|>{value}<|im_end|>"
    assert found.encode(marked).ids == own.encode(marked).ids


@pytest.mark.parametrize("pre", sorted(SPLITS))
@given(value=odd)
@settings(max_examples=60, deadline=None)
def test_text_comes_back(pre: str, value: str) -> None:
    tokenizer = load(byte_metadata(pre, add_bos_token=False))
    expected = value if tokenizer.normalizer is None else tokenizer.normalizer.normalize_str(value)
    assert tokenizer.decode(tokenizer.encode(value).ids) == expected


@pytest.mark.parametrize("pre", sorted(SPLITS))
def test_special_tokens_are_one_id_and_can_be_left_out(pre: str) -> None:
    tokenizer = load(byte_metadata(pre, add_bos_token=False))
    ids = tokenizer.encode("<|start|>the<tool><|end|>").ids
    user_defined = tokenizer.get_vocab_size() - 1
    assert (ids[0], ids[-1], ids[-2]) == (1, 0, user_defined)
    assert tokenizer.decode(ids) == "the<tool>"
    assert tokenizer.decode(ids, skip_special_tokens=False) == "<|start|>the<tool><|end|>"


@pytest.mark.parametrize(
    ("pre", "value", "expected"),
    [
        ("smollm", "a 1234", ["a", " ", "1", "2", "3", "4"]),
        ("gpt-2", "a 1234 it's", ["a", " 1234", " it", "'s"]),
        ("llama-bpe", "a 1234567", ["a", " ", "123", "456", "7"]),
        ("llama-bpe", "IT'S (ok)\n\nx", ["IT", "'S", " (", "ok", ")\n\n", "x"]),
        ("llama-bpe", "a   b", ["a", "  ", " b"]),
        ("lfm2", "a 1234567", ["a", " ", "123", "456", "7"]),
        ("dbrx", "a 1234567", ["a", " ", "123", "456", "7"]),
        ("refact", "a 1234", ["a", " ", "1", "2", "3", "4"]),
        ("stablelm2", "she'd 12", ["she", "'d", " ", "1", "2"]),
        ("qwen2", "a 1234", ["a", " ", "1", "2", "3", "4"]),
        ("qwen2", "she'd say:\n", ["she", "'d", " say", ":\n"]),
    ],
)
def test_where_words_end(pre: str, value: str, expected: list[str]) -> None:
    assert words(load(byte_metadata(pre)), value) == expected


def test_llama3_takes_a_word_that_is_a_token_whole() -> None:
    unmergeable = byte_metadata("llama-bpe", merges=["t h"], add_bos_token=False)
    assert load(unmergeable).encode("the").tokens == ["the"]
    assert load({**unmergeable, "tokenizer.ggml.pre": "gpt-2"}).encode("the").tokens == ["th", "e"]


@pytest.mark.parametrize(
    ("pre", "flag", "begins"),
    [("smollm", None, False), ("smollm", True, True), ("llama-bpe", None, True), ("llama-bpe", False, False)],
)
def test_when_bos_is_added(pre: str, *, flag: bool | None, begins: bool) -> None:
    tokenizer = load(byte_metadata(pre, add_bos_token=flag))
    assert (tokenizer.encode("x").ids[0] == 1) is begins
    assert tokenizer.encode("x", add_special_tokens=False).ids[0] != 1


def test_equal_metadata_gives_equal_bytes() -> None:
    first, second = (read(byte_metadata("smollm")) for _ in range(2))
    assert first.json == second.json


def test_stops_are_the_declared_then_the_well_known() -> None:
    tokens = byte_metadata("smollm")["tokenizer.ggml.tokens"]
    plain = read(byte_metadata("smollm", eot_token_id=1))
    assert plain.eos_ids == (0, 1)
    renamed = byte_metadata("smollm", tokens=["<x>", "<|im_end|>", *tokens[2:]])
    assert read(renamed).eos_ids == (0, 1)


PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
SCORED = {
    "▁": -1.0,
    "h": -2,
    "e": -3,
    "l": -4,
    "o": -5,
    "he": -6,
    "ll": -7,
    "hell": -8,
    "▁hell": -9,
    "lo": -6.5,
    "el": -5.5,
}


def piece_metadata(**changes: Any) -> dict[str, Any]:
    """A SentencePiece vocabulary whose scores disagree with reading from left to right."""
    values = {
        "model": "llama",
        "tokens": [*PIECES, *SCORED],
        "token_type": [2, 3, 3] + [6] * 256 + [1] * len(SCORED),
        "scores": [0.0] * len(PIECES) + [float(score) for score in SCORED.values()],
    }
    return {
        f"tokenizer.ggml.{key}": value for key, value in {**values, **changes}.items() if value is not None
    }


def by_scores(value: str) -> list[str]:
    """SentencePiece's rule, done slowly: join the best-scored pair, the leftmost of equals, until none is left."""
    pieces = list("▁" + value.replace(" ", "▁"))
    while True:
        joined = [(SCORED.get(a + b, -1e9), -i) for i, (a, b) in enumerate(pairwise(pieces))]
        if not joined or max(joined)[0] == -1e9:
            return pieces
        at = -max(joined)[1]
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]


@given(value=st.text("helo ", min_size=1, max_size=14))
@settings(max_examples=300, deadline=None)
def test_pieces_join_in_the_order_of_their_scores(value: str) -> None:
    assert load(piece_metadata(add_bos_token=False)).encode(value).tokens == by_scores(value)


@given(value=odd)
@settings(max_examples=100, deadline=None)
def test_text_comes_back_from_pieces_and_bytes(value: str) -> None:
    tokenizer = load(piece_metadata())
    ids = tokenizer.encode(value).ids
    assert ids[0] == 1
    assert tokenizer.decode(ids) == value.replace("▁", " ")
    assert 0 not in ids


RUNS = {"  ": -1000.0, "   ": -1000.0, "\n\n": -1000.0, "<b>": -1000.0}


def with_runs() -> dict[str, Any]:
    """As Gemma's: runs of white space are tokens that their maker defined, with spaces as GGUF writes them."""
    return piece_metadata(
        tokens=[*PIECES, *SCORED, *RUNS],
        token_type=[2, 3, 3] + [6] * 256 + [1] * len(SCORED) + [4] * len(RUNS),
        scores=[0.0] * len(PIECES) + [float(score) for score in [*SCORED.values(), *RUNS.values()]],
        add_space_prefix=False,
        add_bos_token=False,
    )


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        ("lo  lo", ["lo", "  ", "lo"]),
        ("lo lo", ["lo", "▁", "lo"]),
        ("lo     lo", ["lo", "   ", "  ", "lo"]),
        ("lo ▁lo", ["lo", "  ", "lo"]),  # a ▁ in the text is a space, as SentencePiece has it
        ("▁lo", ["▁", "lo"]),
        ("he<b>lo", ["he", "<b>", "lo"]),
        ("lo\n\nlo", ["lo", "\n\n", "lo"]),
        ("lo\nlo", ["lo", "<0x0A>", "lo"]),
    ],
)
def test_user_defined_tokens_are_found_whole_the_longest_first(value: str, pieces: list[str]) -> None:
    tokenizer = load(with_runs())
    encoded = tokenizer.encode(value)
    assert [with_runs()["tokenizer.ggml.tokens"][index] for index in encoded.ids] == pieces
    assert tokenizer.decode(encoded.ids) == value.replace("▁", " ")


def test_a_prefix_space_only_where_wanted() -> None:
    assert load(piece_metadata(add_space_prefix=False, add_bos_token=False)).encode("he").tokens == ["he"]
    assert load(piece_metadata(add_bos_token=False)).encode("he").tokens == ["▁", "he"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "lacks the metadata 'tokenizer.ggml.model'"),
        (byte_metadata("smollm", model="bert"), "kind 'bert', not gpt2 or llama"),
        (byte_metadata("gemma9"), "the rule 'gemma9', which is not one of dbrx, falcon-h1"),
        (byte_metadata(None), r"lacks the metadata 'tokenizer\.ggml\.pre'"),
        (byte_metadata("smollm", tokens=[]), "no tokenizer"),
        (byte_metadata("smollm", tokens=["a", "a"]), "token 'a' appears twice"),
        (byte_metadata("smollm", tokens=[1, 2]), "'tokenizer.ggml.tokens' is of the wrong type"),
        (byte_metadata("smollm", token_type=[1]), "different lengths"),
        (byte_metadata("smollm", merges=["t q"]), "merge 't q' joins what are no tokens"),
        (byte_metadata("smollm", merges=["th"]), "merge 'th' joins"),
        (byte_metadata("smollm", bos_token_id=1 << 20), "'1048576', which is no token's id"),
        (byte_metadata("smollm", eos_token_id=True), "'True', which is no token's id"),
        (byte_metadata("smollm", add_bos_token=3), "'3', not true or false"),
        (piece_metadata(scores=None), "neither merges nor scores"),
        (piece_metadata(scores=[0.0] * (len(PIECES) + len(SCORED))), "neither merges nor scores"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        read(metadata)


@pytest.mark.parametrize("rows", [100, 300])
def test_a_tokenizer_of_another_size_than_the_embedding(rows: int) -> None:
    with pytest.raises(WeightsError, match=f"its tokenizer has 262 tokens, its embedding {rows} rows"):
        read_tokenizer(byte_metadata("smollm"), rows, "m.gguf")
