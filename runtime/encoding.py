"""Texts to vectors or to labels: where an encoder meets its tokenizer. Knows no wire format and no terminal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.manifest import TOKENIZER_NAME, Encoder, Manifest
from runtime.engine.encoder import EncoderSession
from runtime.engine.tasks import command
from runtime.engine.turns import Turns
from runtime.errors import BundleError, CallerError
from runtime.strict_json import shown
from runtime.text.tokenizer import Reader

_TOGETHER: Final = 16
"""Texts a run: more take memory and are no faster."""

_TOKENS: Final = 512
"""Tokens a run, as far as one text leaves a choice: who waits for the cores has them some tenths of a second later."""

_PROBE: Final = "a"
"""A text with which what stands around every text shows."""

Answers = NDArray[np.float32]
Ids = tuple[int, ...]


class TextEncoder:
    """A bundle that answers with numbers."""

    def __init__(
        self,
        encoder: Encoder,
        manifest: Manifest,
        reader: Reader,
        session: EncoderSession,
        turns: Turns | None = None,
    ) -> None:
        """Put the parts together; `turns` are shared with the engines that compute on the same cores."""
        self.encoder = encoder
        self._manifest = manifest
        self._reader = reader
        self._session = session
        self._turns = turns or Turns()
        empty, alone = (reader.encode(text, special=False, begin=True) for text in ("", _PROBE))
        self._around = _shared(empty, alone)

    @property
    def name(self) -> str:
        """What callers know the model as."""
        return self._manifest.name

    @classmethod
    def load(
        cls, bundle: Bundle, task: str, *, threads: int | None = None, turns: Turns | None = None
    ) -> Self:
        """Load a bundle that is for `task`: embed or classify.

        Raises:
            BundleError: it is for something else, cannot be loaded, or is not what its manifest says.
        """
        manifest = bundle.manifest
        if manifest.encoder is None or manifest.task != task:
            raise BundleError(
                f"{manifest.name!r} is there to {manifest.task}, not to {task}: use `{command(manifest)}`, "
                "or choose another of `ingle list`"
            )
        reader = Reader.load(bundle.path / TOKENIZER_NAME)
        if reader.vocabulary_size > manifest.vocabulary_size:
            raise BundleError(
                f"the tokenizer has {reader.vocabulary_size} tokens, the model {manifest.vocabulary_size}; "
                "export the model again"
            )
        session = EncoderSession(bundle.path, manifest, threads=threads)
        return cls(manifest.encoder, manifest, reader, session, turns)

    def answers(self, texts: Sequence[str]) -> Answers:
        """One row a text, [len(texts), width]: its vector, or the scores of its labels.

        Raises:
            CallerError: a text is too long for this model. Nothing is cut silently.
            EngineError: onnxruntime failed.
        """
        ids = [self.encode(place, text) for place, text in enumerate(texts)]
        answers = np.empty((len(texts), self.encoder.width), np.float32)
        for places in self.runs(ids):
            answers[places] = self.run([ids[place] for place in places])
        return answers

    def encode(self, place: int, text: str, param: str | None = None) -> Ids:
        """The token ids of a text, the `place`th of several counted from 0, with what the model wants around them.

        `param` is what the caller calls it, if not its place in `input`.

        Raises:
            CallerError: it is too long for this model.
        """
        return self._bounded(place, self._reader.encode(text, special=False, begin=True), param)

    def check(self, place: int, ids: Ids) -> Ids:
        """Let ids through that this model can read, with what it wants around every text.

        Raises:
            CallerError: they are too many, not of its vocabulary, or do not begin and end as its own do.
        """
        first, last = self._around
        if ids[: len(first)] != first or ids[len(ids) - len(last) :] != last or len(ids) < len(first + last):
            raise CallerError(
                f"text {place + 1} has token ids that do not begin and end as those of {self._manifest.name} do (with "
                f"{shown([*first])} and {shown([*last])}), so they may be another model's; send the text itself",
                param="input",
            )
        return self._bounded(place, ids)

    def _bounded(self, place: int, ids: Ids, param: str | None = None) -> Ids:
        longest, vocabulary = self._manifest.context_length, self._manifest.vocabulary_size
        if len(ids) > longest:
            raise CallerError(
                f"{param or f'text {place + 1}'} has {len(ids)} tokens, but {self._manifest.name} reads at most "
                f"{longest}; split it into shorter ones",
                param=param or "input",
            )
        if not ids or min(ids) < 0 or max(ids) >= vocabulary:
            raise CallerError(
                f"text {place + 1} has no token ids, or some that are not below {vocabulary}, where those of "
                f"{self._manifest.name} end; send the text itself",
                param="input",
            )
        return ids

    @staticmethod
    def runs(rows: Sequence[Ids]) -> Iterator[list[int]]:
        """Which rows are run together, by their places.

        They are of one length: none is padded, so an answer does not hang on its neighbours.
        """
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            by_length[len(row)].append(place)
        for length, places in by_length.items():
            together = max(1, min(_TOGETHER, _TOKENS // length))
            for start in range(0, len(places), together):
                yield places[start : start + together]

    def run(self, rows: Sequence[Ids]) -> Answers:
        """Answer rows of one length, when it is our turn; blocks.

        Raises:
            EngineError: onnxruntime failed.
        """
        with self._turns:
            return self._session.run(np.array(rows, np.int64))


def _shared(empty: Ids, other: Ids) -> tuple[Ids, Ids]:
    """What a text of no tokens and another both begin with, and what both end with."""
    first = _alike(empty, other)
    last = _alike(empty[first:][::-1], other[::-1])
    return empty[:first], empty[len(empty) - last :]


def _alike(one: Ids, other: Ids) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def cosines(first: NDArray[np.float32], others: Answers) -> NDArray[np.float32]:
    """How alike one vector [width] is to each of `others` [n, width]: from -1 to 1."""
    lengths = np.linalg.norm(first) * np.linalg.norm(others, axis=1)
    alike: NDArray[np.float32] = np.divide(
        others @ first, lengths, out=np.zeros_like(lengths), where=lengths > 0
    )
    return alike
