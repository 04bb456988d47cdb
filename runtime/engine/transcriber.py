"""A loaded model that hears: a spectrogram in, then tokens in and logits out. Knows no text, nor what tokens mean.

What was heard is encoded once. Several rows may then be written down of it side by side, which share it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.manifest import DECODER_NAME, ENCODER_NAME, Manifest, TensorSpec, Transcriber
from runtime.engine.session import Bound, load_graph
from runtime.engine.turns import Turns
from runtime.errors import BundleError, EngineError

Floats = NDArray[np.float32]
_CROSS: Final = "cross."
_SILENCE: Final = "silence."


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Keys and values of a sound, by the names of the decoder's inputs."""

    states: Mapping[str, Floats]


class TranscriberSession:
    """Both graphs on onnxruntime."""

    def __init__(
        self, bundle: Path, manifest: Manifest, *, threads: int | None = None, turns: Turns | None = None
    ) -> None:
        """Load them; a second of work. `turns` are shared with the engines that compute on the same cores.

        Raises:
            BundleError: it does not hear, onnxruntime refuses it, or its inputs are not what the manifest says.
        """
        if manifest.transcriber is None:
            raise BundleError(
                f"{manifest.name!r} does not hear: it is there to {manifest.task}; "
                "`ingle pull whisper-tiny.en` brings one that writes down speech"
            )
        about: Transcriber = manifest.transcriber
        hears = replace(manifest, inputs=about.encoder_inputs, outputs=about.encoder_outputs)
        self._encoder = load_graph(bundle / ENCODER_NAME, hears, threads=threads, fused=True)
        self._decoder = load_graph(bundle / DECODER_NAME, manifest, threads=threads, fused=True)
        self._about = about
        self._crossing = [spec.name for spec in about.encoder_outputs if spec.name.startswith(_CROSS)]
        self._none = {spec.name: np.empty(_none(spec), np.float32) for spec in about.encoder_inputs[1:]}
        self._silence: Mapping[str, Floats] | None = None
        self.manifest = manifest
        self.turns = turns or Turns()

    def hear(self, spectrogram: Floats, silence: float | None = None) -> Heard:
        """Encode [bins, frames]; an even number of frames, at most those of a window.

        With `silence`, always the same number, the rest of a window is that: what the model makes of a window in which
        there is nothing else is computed once, and of each sound then only what is not silence.

        Raises:
            EngineError: onnxruntime failed.
        """
        own, rest = spectrogram.shape[1] // 2, self._none
        if silence is not None:
            rest = {name: _behind(state, own) for name, state in self._silent(silence).items()}
        return Heard(self._run(self._crossing, {"mel": spectrogram[None], **rest}))

    def prepare(self, silence: float) -> None:
        """Compute now what `hear` would compute for the first sound with that silence behind it.

        Raises:
            EngineError: onnxruntime failed.
        """
        self._silent(silence)

    def _silent(self, value: float) -> Mapping[str, Floats]:
        """Keys and values of a window in which nothing is heard, by the names of inputs."""
        if self._silence is None:
            nothing = np.full((1, self._about.mel_bins, self._about.frames), value, np.float32)
            outputs = [spec.name for spec in self._about.encoder_outputs]
            found = self._run(outputs, {"mel": nothing, **self._none})
            self._silence = {_SILENCE + name.removeprefix("own."): state for name, state in found.items()}
        return self._silence

    def _run(self, outputs: Sequence[str], inputs: Mapping[str, Floats]) -> dict[str, Floats]:
        try:
            with self.turns:
                found = self._encoder.run(list(outputs), dict(inputs))
        except Exception as exc:  # onnxruntime's errors share no base class
            raise EngineError(f"onnxruntime failed on a sound: {exc}") from exc
        return {name: np.asarray(state, np.float32) for name, state in zip(outputs, found, strict=True)}

    def write(self, heard: Heard, prompt: Sequence[int], asked: Sequence[int], longest: int) -> "Writing":
        """Begin to write down what was heard, at most `longest` tokens behind the prompt.

        Raises:
            EngineError: onnxruntime failed.
        """
        return Writing(self, heard, prompt, asked, longest)

    def bound(self) -> Bound:
        """The decoder, with nothing bound to it yet."""
        return Bound(self._decoder)


class Writing:
    """Rows that are written down of one sound, a token each a step."""

    def __init__(
        self,
        session: TranscriberSession,
        heard: Heard,
        prompt: Sequence[int],
        asked: Sequence[int],
        longest: int,
    ) -> None:
        self._session, self._heard, self._tokens = session, heard, len(prompt)
        self._vocabulary = session.manifest.vocabulary_size
        self._capacity = min(session.manifest.context_length, len(prompt) + longest)
        self._pasts = [past for cache in session.manifest.caches for past in cache.past]
        self._presents = [present for cache in session.manifest.caches for present in cache.present]
        self._states = self._room(1)
        self._step: _Step | None = None
        first = _Step(self, np.array([prompt], np.int64), np.array(asked, np.int64))
        self.prompted: Floats = first.run(0)[0]
        """What follows each place that was asked for, [asked, V]."""

    @property
    def left(self) -> int:
        """Tokens that there is still room for."""
        return self._capacity - self._tokens

    def follow(self, parents: Sequence[int], tokens: Sequence[int]) -> Floats:
        """Go on: row n is `parents[n]` of the rows before, and `tokens[n]` behind it. What follows each, [rows, V].

        The array is written anew by the next step.

        Raises:
            EngineError: onnxruntime failed.
        """
        if list(parents) != list(range(len(self._states[0]))):
            self._take(parents)
        if self._step is None:
            self._step = _Step(self, np.zeros((len(tokens), 1), np.int64), np.zeros(1, np.int64))
        self._step.ids[:, 0] = tokens
        logits = self._step.run(self._tokens)
        self._tokens += 1
        return logits[:, 0]

    def _take(self, parents: Sequence[int]) -> None:
        """Let rows be copies of these."""
        before = self._states
        if len(parents) != len(before[0]):
            self._states, self._step = self._room(len(parents)), None
        for old, new in zip(before, self._states, strict=True):
            new[:, :, : self._tokens] = old[list(parents), :, : self._tokens]

    def _room(self, rows: int) -> list[Floats]:
        sizes = {"batch": rows, "capacity": self._capacity}
        shapes = (
            [axis if isinstance(axis, int) else sizes[axis] for axis in past.shape] for past in self._pasts
        )
        return [np.empty(shape, np.float32) for shape in shapes]

    def bind(self, bound: Bound) -> None:
        """Let the decoder read what was heard and written, and append to it."""
        for name, array in self._heard.states.items():
            bound.read(name, array)
        for past, present, state in zip(self._pasts, self._presents, self._states, strict=True):
            bound.read(past.name, state)
            bound.write(present.name, state)

    @property
    def decoder(self) -> tuple[Bound, int, Turns]:
        """A decoder to bind, the size of its vocabulary, whose turn it is."""
        return self._session.bound(), self._vocabulary, self._session.turns


class _Step:
    """Memory for so many tokens a row at a time, bound once."""

    def __init__(self, writing: Writing, ids: NDArray[np.int64], asked: NDArray[np.int64]) -> None:
        self._bound, vocabulary, self._turns = writing.decoder
        self.ids, self._rows, self._size = ids, *ids.shape
        self._positions = np.zeros(self._size, np.int64)
        self._ends = np.zeros(self._rows, np.int32)
        self._total = np.zeros((), np.int32)
        self._logits = np.empty((self._rows, asked.size, vocabulary), np.float32)
        self._asked = asked
        for name, array in (
            ("input_ids", ids),
            ("positions", self._positions),
            ("asked", asked),
            ("seqlens_k", self._ends),
            ("total_sequence_length", self._total),
        ):
            self._bound.read(name, array)
        self._bound.write("logits", self._logits)
        writing.bind(self._bound)

    def run(self, before: int) -> Floats:
        """Run them behind so many; [rows, asked, V]."""
        self._positions[:] = np.arange(before, before + self._size)
        self._ends[:] = before + self._size - 1
        self._total[...] = before + self._size
        with self._turns:
            self._bound.run()
        return self._logits


def _none(spec: TensorSpec) -> tuple[int, ...]:
    """The shape of no silence at all."""
    return tuple(axis if isinstance(axis, int) else 0 for axis in spec.shape)


def _behind(state: Floats, own: int) -> Floats:
    """Without the positions that a sound has: those of keys and values are the last axis but one."""
    return state[..., own:, :]
