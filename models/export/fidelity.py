"""How far a quantised encoder is from the fp32 graph of the same weights: a sentence each, over a shipped text."""

import re
from pathlib import Path
from typing import Final

import numpy as np
import tokenizers
from numpy.typing import NDArray

from models.cpu import cpu_class
from models.export.reading import EncoderTask
from models.fidelity import TEXT_NAME
from models.manifest import ENCODER_NAME, TOKENIZER_NAME, EncoderFidelity
from models.runner import EncoderRunner

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
_SHORTEST: Final = 10
"""Characters; what is shorter is hardly a sentence."""
_DIGITS: Final = 5

Answers = NDArray[np.float32]


def measure(bundle: Path, reference: Path, task: EncoderTask, *, maximum_tokens: int) -> EncoderFidelity:
    """Ask the graphs in both directories the same; figures are rounded to five digits."""
    ids = _sentences(bundle / TOKENIZER_NAME, maximum_tokens)
    near, far = (_answers(folder / ENCODER_NAME, ids) for folder in (reference, bundle))
    results = _nearest if task == "embed" else _first
    lengths = np.linalg.norm(near, axis=1) * np.linalg.norm(far, axis=1)
    cosines = (near * far).sum(axis=1) / lengths
    return EncoderFidelity(
        cosine_mean=_round(cosines.mean()),
        cosine_min=_round(cosines.min()),
        agreement=_round(np.mean(results(near) == results(far))),
        sentences=len(ids),
        text=TEXT_NAME,
        against="the fp32 graph of the same weights",
        cpu=cpu_class(),
    )


def _sentences(tokenizer: Path, maximum_tokens: int) -> list[NDArray[np.int64]]:
    """Each in tokens, without those too long for this encoder."""
    library = tokenizers.Tokenizer.from_file(str(tokenizer))
    library.no_padding()
    library.no_truncation()
    text = Path(__file__).parent.parent.joinpath("text", TEXT_NAME).read_text(encoding="utf-8")
    sentences = [part.strip() for part in _SENTENCE.split(text) if len(part.strip()) >= _SHORTEST]
    encoded = (np.array(library.encode(sentence).ids, np.int64) for sentence in sentences)
    return [ids for ids in encoded if len(ids) <= maximum_tokens]


def _answers(graph: Path, sentences: list[NDArray[np.int64]]) -> Answers:
    runner = EncoderRunner(graph)
    return np.stack([runner.run(ids) for ids in sentences])


def _nearest(vectors: Answers) -> NDArray[np.intp]:
    """Of each, which other one is the most like it."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    nearest: NDArray[np.intp] = likeness.argmax(axis=1)
    return nearest


def _first(scores: Answers) -> NDArray[np.intp]:
    first: NDArray[np.intp] = scores.argmax(axis=1)
    return first


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
