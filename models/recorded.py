"""What a graph says of a text, kept: for one that runs later, on another machine or when memory is free again."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.fidelity import TEXT_NAME, Model, compare, length
from models.manifest import Fidelity, Manifest
from models.runner import CHUNK, Runner, pieces, text_ids, window_of

Logits = NDArray[np.float32]


class Recorded:
    """Logits in the order in which `models.fidelity.compare` asks for them; a Model."""

    def __init__(self, logits: Logits, window: int) -> None:
        """`logits` [tokens, V] as `record` left them, `window` that of the graph they are from."""
        self.window = window
        self._logits = logits
        self._row = 0

    def run(self, ids: NDArray[np.int64], past: int, outputs: Sequence[str], *, asked: int) -> list[Logits]:
        """The next rows; `past` and `outputs` can only be what they were."""
        del past, outputs
        if asked != len(ids):
            raise ValueError(f"every position was recorded, {asked} of {len(ids)} are asked for")
        rows = self._logits[self._row : self._row + asked]
        self._row += asked
        return [np.array(rows)[None]]


def record(model: Model, ids: NDArray[np.int64], rows: Logits) -> None:
    """Fill `rows` [tokens, V] with logits over the beginning of a text."""
    row = 0
    for found in _said(model, ids, len(rows)):
        rows[row : row + len(found)] = found
        row += len(found)


def _said(model: Model, ids: NDArray[np.int64], tokens: int) -> Iterator[Logits]:
    """Logits of so many positions, some at a time."""
    for window in pieces(ids[: length(tokens, model.window)], model.window):
        past = 0
        for part in pieces(window[:-1], CHUNK):
            (found,) = model.run(part, past, ["logits"], asked=len(part))
            yield found[0]
            past += len(part)


def foretold(bundle: Path, manifest: Manifest) -> int:
    """Tokens of the shipped text that are compared when all are."""
    ids = text_ids(bundle, manifest, TEXT_NAME)
    return sum(len(part) - 1 for part in pieces(ids, window_of(manifest)))


def measure_apart(bundle: Path, manifest: Manifest, reference: Path, *, tokens: int) -> Fidelity:
    """As `models.fidelity.measure`, one graph after the other: what fp32 says waits in `reference`, as a file."""
    return measure_against(keep(reference, Bundle.open(reference).manifest, tokens), bundle, manifest)


def keep(reference: Path, manifest: Manifest, tokens: int) -> Logits:
    """What the fp32 graph says of the beginning of the shipped text, [tokens, V], in a file beside the graph."""
    near, ids = Runner(reference, manifest, packed=False), text_ids(reference, manifest, TEXT_NAME)
    with (reference / "logits").open(
        "wb"
    ) as file:  # written, not mapped: it would stay in memory beside the graph
        for found in _said(near, ids, tokens):
            file.write(np.ascontiguousarray(found).data)
    return np.memmap(reference / "logits", np.float32, "r", shape=(tokens, manifest.vocabulary_size))


def measure_against(kept: Logits, bundle: Path, manifest: Manifest) -> Fidelity:
    """As `models.fidelity.measure`, with what `keep` kept in the place of the fp32 graph."""
    far, ids = Runner(bundle, manifest), text_ids(bundle, manifest, TEXT_NAME)
    return compare(ids, Recorded(kept, far.window), far, tokens=len(kept))
