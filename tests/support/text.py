"""Small tokenizers of the two kinds language models have, trained on the spot, and text to try them with."""

import json
from functools import cache
from typing import Final

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CHATML: Final = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

SCRIPTS: Final = (
    "The quick brown fox jumps over the lazy dog.",
    "  two spaces, a\ttab\n\n\nand three newlines \r\n",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
    "Съешь же ещё этих мягких французских булок",
    "Γαζέες καὶ μυρτιὲς δὲν θὰ βρῶ πιὰ",
    "الشمس تشرق من الشرق",
    "דג סקרן שט בים מאוכזב",
    "ऋषियों को सताने वाले दुष्ट राक्षसों",
    "敏捷的棕色狐狸跳过懒狗。",
    "いろはにほへと ちりぬるを",
    "다람쥐 헌 쳇바퀴에 타고파",
    "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า",
    "👩‍👩‍👧‍👦 🇪🇺 👍🏽 ☃️ 🏴‍☠️",
    "e\u0301 \u200b\ufeff\x00 \U0001f9ff \U0010ffff ▁",
    '{"device": "lamp", "on": true}',
)

UNKNOWN: Final = "<unk>"
SPECIAL: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@cache
def byte_level() -> str:
    """The tokenizer.json of a byte-level BPE (GPT-2, SmolLM2, Llama 3), with ChatML's tokens as ids 0, 1 and 2."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SCRIPTS, trainer)
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return tokenizer.to_str()


@cache
def sentencepiece() -> str:
    """The tokenizer.json of a SentencePiece BPE with byte fallback (Llama 2, TinyLlama)."""
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=[UNKNOWN, *SPECIAL, *bytes_], limit_alphabet=60, show_progress=False
    )
    tokenizer.train_from_iterator(SCRIPTS[:4], trainer)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return _without_special(tokenizer, bytes_)


def _without_special(tokenizer: Tokenizer, pieces: list[str]) -> str:
    """The same tokenizer with these pieces in its vocabulary, but as no added tokens."""
    raw = json.loads(tokenizer.to_str())
    raw["added_tokens"] = [token for token in raw["added_tokens"] if token["content"] not in pieces]
    return json.dumps(raw)
