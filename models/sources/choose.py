"""Which files of a model's repository or directory a bundle is built from. Names in, names out.

Pickled weights (`.bin`, `.pt`) are never chosen: reading them runs code that their author wrote. CTranslate2's
`model.bin` is none: it is read by `models.weights.ctranslate2`, which believes nothing of it.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from models.errors import FetchError

_COMPANIONS: Final = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "modules.json",
    "sentence_bert_config.json",
)
POOLING: Final = "1_Pooling/config.json"
"""The one file of a sentence encoder that lies in a folder, where its name is another file's too."""
CTRANSLATE2: Final = "model.bin"
COMPANIONS_OF: Final[Mapping[str, tuple[str, ...]]] = {CTRANSLATE2: ("config.json", "tokenizer.json")}
"""What a file of weights cannot be read without, that lies beside it."""
_INDEX: Final = "model.safetensors.index.json"
_SHARD: Final = re.compile(r"model-\d+-of-\d+\.safetensors")
_PLAIN: Final = re.compile(r"[\w][\w.+-]*", re.ASCII)


def choose(names: Iterable[str], where: str) -> tuple[str, ...]:
    """The files to take from a listing: safetensors with their companions, else the only GGUF file, else CTranslate2's.

    Raises:
        FetchError: there are no weights we read, or several and no telling which.
    """
    here = {name for name in names if name == POOLING or _PLAIN.fullmatch(name)}
    weights = _safetensors(here)
    if weights:
        if "config.json" not in here:
            raise FetchError(
                f"{where} has safetensors but no config.json; use the model's original repository"
            )
        return tuple(sorted({*weights, *(name for name in (*_COMPANIONS, POOLING) if name in here)}))
    gguf = sorted(name for name in here if name.endswith(".gguf"))
    if len(gguf) == 1:
        return tuple(gguf)
    if gguf:
        raise FetchError(f"{where} has {len(gguf)} GGUF files; name one of: {', '.join(gguf)}")
    if here.issuperset(converted := (CTRANSLATE2, *COMPANIONS_OF[CTRANSLATE2])):
        return tuple(sorted(converted))
    raise FetchError(f"{where} has neither safetensors nor GGUF weights; use a repository that has")


def _safetensors(here: set[str]) -> set[str]:
    if _INDEX in here:
        return {_INDEX, *(name for name in here if _SHARD.fullmatch(name))}
    if "model.safetensors" in here:
        return {"model.safetensors"}
    return {name for name in here if name.endswith(".safetensors")}


def kept_as(name: str) -> str:
    """What a chosen file is called in the one flat directory it is fetched into."""
    return POOLING.replace("/", ".") if name == POOLING else PurePosixPath(name).name
