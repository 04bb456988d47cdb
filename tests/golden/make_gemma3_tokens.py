"""Tokenise 1,000 odd strings by the reference, SentencePiece, with Gemma 3's vocabulary; write `gemma3_tokens.json`.

Needs sentencepiece (0.2.3 was used), its protobuf and gguf, and the weights that `ingle pull gemma3-270m` fetches:

    python tests/golden/make_gemma3_tokens.py PATH/TO/gemma-3-270m-q4_k_m.gguf

The pieces, their scores and kinds are the file's own; GGUF writes a user-defined `▁` as a space, which is undone. The
normaliser is Gemma's: spaces become ▁, no prefix, nothing else. Control tokens are not parsed out of a text by
SentencePiece, so no string holds one.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any, Final

from gguf import GGUFReader
from sentencepiece import SentencePieceProcessor
from sentencepiece.sentencepiece_model_pb2 import ModelProto

STRINGS: Final = 1000
SEED: Final = 3
USER_DEFINED: Final = 4
ALPHABETS: Final = """
a ha lo xyx 0 19 é и あ ー \u0627 ـ 한 ㅋ ก 😀 ▁ ▁a - = . ! ? * _ # ~ / \\ ' < > … ·
"""
INVISIBLE: Final = (
    *(" ", "\n", "\t", "\r", "\r\n", " \n", "\n ", "\t ", " ▁", "\u00a0", "\u3000", "\x00", "\x7f", "\ufeff"),
    *("\u0308", "\u200d", "\ufe0f"),
)
TEXT: Final = """
The lamp in the hall is on; turn it off at 21:45, won't you? I'M DON'T she'd
naïve façade straße e\u0301te\u0301 Ωmega ΟΔΟΣ привет, мир! Ёлка їжак שלום مرحبا بالعالم ﷺ नमस्ते ไทย ខ្មែរ
東京都 日本語テキスト 简体字 繁體字 안녕하세요 \uff46\uff55\uff4c\uff4c \ufb01ne ½ ² ① Ⅷ
👩\u200d👩\u200d👧 🇩🇪 👍🏽 \u202eabc \u2066x\u2069
def f(x): return x**2 {'a':[1,2]} foo_bar camelCase HTTPServer 3.14159 1,000,000 0xFF 1e-9 a+b==c &&||
http://x.y/?a=b&c=d user@example.org C:\\Temp\\x <table> </td> <h1> <b> </b><i> [multimodal] <0x0A>
"""
PLANES: Final = ((0x00, 0x7F), (0x80, 0x2FF), (0x300, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))


def processor(path: Path) -> tuple[SentencePieceProcessor, set[str]]:
    """The reference with the file's vocabulary, and the texts of control tokens."""
    fields = GGUFReader(path).fields
    texts, scores, kinds = (
        fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "scores", "token_type")
    )
    model = ModelProto()
    for text, score, kind in zip(texts, scores, kinds, strict=True):
        piece = text.replace(" ", "▁") if kind == USER_DEFINED else text
        model.pieces.add(piece=piece, score=score, type=kind)
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type, trainer.byte_fallback, trainer.vocab_size = trainer.BPE, True, len(texts)
    for name in ("unk", "bos", "eos", "pad"):
        setattr(trainer, f"{name}_piece", f"<{name}>")
        setattr(trainer, f"{name}_id", texts.index(f"<{name}>"))
    normaliser.name, normaliser.escape_whitespaces = "identity", True
    normaliser.add_dummy_prefix = normaliser.remove_extra_whitespaces = False
    control = {text for text, kind in zip(texts, kinds, strict=True) if kind not in {1, USER_DEFINED, 6}}
    return SentencePieceProcessor(model_proto=model.SerializeToString()), control


def odd(choice: random.Random) -> str:
    """Runs, words of many scripts, and any character at all, with spaces between or without."""
    runs, words, parts = [*ALPHABETS.split(), *INVISIBLE], TEXT.split(), []
    for _ in range(choice.randint(1, 6)):
        what = choice.random()
        if what < 0.4:
            parts.append(choice.choice(runs) * choice.randint(1, choice.choice((3, 12, 36))))
        elif what < 0.8:
            parts.append(choice.choice(words))
        else:
            parts.append(chr(choice.randint(*choice.choice(PLANES))))
        parts.append(" " * choice.choice((0, 0, 1, 1, 2)))
    return "".join(parts)


def main() -> None:
    """Write the file beside this one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf", type=Path)
    reference, control = processor(parser.parse_args().gguf)
    choice, found = random.Random(SEED), dict[str, Any]()
    while len(found) < STRINGS:
        text = odd(choice)
        if not any(token in text for token in control):
            found[text] = reference.encode(text)
    lines = ",\n".join(json.dumps([text, ids], separators=(",", ":")) for text, ids in found.items())
    Path(__file__).with_name("gemma3_tokens.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
