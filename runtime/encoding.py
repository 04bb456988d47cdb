"""Texts to vectors or to labels: where an encoder meets its tokenizer. Knows no wire format and no terminal."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.manifest import TOKENIZER_NAME, Encoder, Manifest
from runtime.engine.encoder import EncoderSession
from runtime.errors import BundleError, CallerError
from runtime.text.tokenizer import Reader

_TOGETHER: Final = 16
"""Texts a run: more take memory and are no faster."""

Answers = NDArray[np.float32]


class TextEncoder:
    """A bundle that answers with numbers."""

    def __init__(self, encoder: Encoder, manifest: Manifest, reader: Reader, session: EncoderSession) -> None:
        self.encoder = encoder
        self._manifest = manifest
        self._reader = reader
        self._session = session

    @property
    def name(self) -> str:
        """What callers know the model as."""
        return self._manifest.name

    @classmethod
    def load(cls, bundle: Bundle, task: str, *, threads: int | None = None) -> Self:
        """Load a bundle that is for `task`: embed or classify.

        Raises:
            BundleError: it is for something else, cannot be loaded, or is not what its manifest says.
        """
        manifest = bundle.manifest
        if manifest.encoder is None or manifest.task != task:
            command = "run --model" if manifest.task == "generate" else manifest.task
            raise BundleError(
                f"{manifest.name!r} is there to {manifest.task}, not to {task}: use `ingle {command} {manifest.name}`, "
                "or choose another of `ingle list`"
            )
        reader = Reader.load(bundle.path / TOKENIZER_NAME)
        if reader.vocabulary_size > manifest.vocabulary_size:
            raise BundleError(
                f"the tokenizer has {reader.vocabulary_size} tokens, the model {manifest.vocabulary_size}; "
                "export the model again"
            )
        session = EncoderSession(bundle.path, manifest, threads=threads)
        return cls(manifest.encoder, manifest, reader, session)

    def answers(self, texts: Sequence[str]) -> Answers:
        """One row a text, [len(texts), width]: its vector, or the scores of its labels.

        Texts of equal length are run together and none is padded, so an answer does not hang on its neighbours.

        Raises:
            CallerError: a text is too long for this model. Nothing is cut silently.
            EngineError: onnxruntime failed.
        """
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        ids = [self._ids(place, text) for place, text in enumerate(texts)]
        for place, row in enumerate(ids):
            by_length[len(row)].append(place)
        answers = np.empty((len(texts), self.encoder.width), np.float32)
        for places in by_length.values():
            for start in range(0, len(places), _TOGETHER):
                together = places[start : start + _TOGETHER]
                answers[together] = self._session.run(np.array([ids[place] for place in together], np.int64))
        return answers

    def _ids(self, place: int, text: str) -> tuple[int, ...]:
        ids = self._reader.encode(text, special=False, begin=True)
        longest = self._manifest.context_length
        if len(ids) > longest:
            raise CallerError(
                f"text {place + 1} has {len(ids)} tokens, but {self._manifest.name} reads at most {longest}; "
                "split it into shorter ones",
                param="input",
            )
        return ids


def cosines(first: NDArray[np.float32], others: Answers) -> NDArray[np.float32]:
    """How alike one vector [width] is to each of `others` [n, width]: from -1 to 1."""
    lengths = np.linalg.norm(first) * np.linalg.norm(others, axis=1)
    alike: NDArray[np.float32] = np.divide(
        others @ first, lengths, out=np.zeros_like(lengths), where=lengths > 0
    )
    return alike
