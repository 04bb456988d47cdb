"""Piper's voices, which an owner puts into a folder: each a graph, NAME.onnx, and what describes it, NAME.onnx.json.

espeak-ng tells how the text is pronounced, as it did when the voice was taught; the graph makes that sound. Source:
https://github.com/OHF-Voice/piper1-gpl/blob/main/docs/TRAINING.md for the file, and the graph's own inputs.
"""

import json
import logging
import re
import shutil
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from runtime.engine.foreign import ForeignGraph
from runtime.engine.turns import Turns
from runtime.errors import BundleError
from runtime.voice.border import Sound, Utterance
from runtime.voice.clauses import split
from runtime.voice.tts.child import through
from runtime.voice.tts.espeak import PROGRAM, as_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

_SETTINGS_BYTES: Final = 1 << 20
_MOST_PHONEMES: Final = 1 << 16
_LOUDEST: Final = 0.9
_SLOWEST: Final = 0.5
_FASTEST: Final = 2.0
_INPUTS: Final = {"input", "input_lengths", "scales"}
_NAME: Final = re.compile(r"[a-z0-9]+(-[A-Za-z0-9]+)*")
_ENDS: Final = ".,;:!?"
_PAD, _BEGIN, _END = "_", "^", "$"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a voice's JSON says of it, as far as it is used."""

    language: str
    """BCP 47."""
    espeak: str
    """The voice of espeak-ng that pronounces for it."""
    rate: int
    ids: Mapping[str, Sequence[int]]
    """Of each phoneme."""
    scales: tuple[float, float, float]
    """How lively, how slow, how unlike in length."""
    speakers: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """From the file beside the graph.

        Raises:
            BundleError: it cannot be read, or is no description of a voice whose phonemes are espeak-ng's.
        """
        try:
            with path.open("rb") as file:
                raw = json.loads(file.read(_SETTINGS_BYTES))
            return cls._of(raw)
        except OSError as exc:
            raise BundleError(f"{path} cannot be read ({exc.strerror}); put it beside the voice") from exc
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
            raise BundleError(f"{path} does not describe a voice of Piper; fetch it again") from exc

    @classmethod
    def _of(cls, raw: Any) -> Self:
        if raw.get("phoneme_type", "espeak") != "espeak":
            raise ValueError(raw["phoneme_type"])
        espeak = str(raw["espeak"]["voice"])
        if not _NAME.fullmatch(espeak):
            raise ValueError(espeak)
        tuned = raw.get("inference", {})
        scales = tuple(
            float(tuned.get(name, usual))
            for name, usual in (("noise_scale", 0.667), ("length_scale", 1.0), ("noise_w", 0.8))
        )
        ids = {str(each): [int(one) for one in of] for each, of in raw["phoneme_id_map"].items()}
        if not {_PAD, _BEGIN, _END} <= ids.keys() or not all(map(np.isfinite, scales)):
            raise ValueError("marks")
        code = raw.get("language", {}).get("code") or espeak
        rate = int(raw["audio"]["sample_rate"])
        return cls(
            str(code).replace("_", "-"),
            espeak,
            rate,
            ids,
            (scales[0], scales[1], scales[2]),
            int(raw.get("num_speakers", 1)),
        )


def installed(folder: Path) -> dict[str, Settings]:
    """The voices in a folder, by their names; those that cannot be read are not among them.

    Needs espeak-ng: without it there is none.
    """
    if shutil.which(PROGRAM) is None or not folder.is_dir():
        return {}
    found = {}
    for graph in sorted(folder.glob("*.onnx")):
        try:
            found[graph.stem] = Settings.read(_beside(graph))
        except BundleError as exc:
            _log.warning("%s", exc)
    return found


def _beside(graph: Path) -> Path:
    return graph.with_name(f"{graph.name}.json")


class PiperSpeaker:
    """A voice in memory."""

    def __init__(self, settings: Settings, graph: ForeignGraph, turns: Turns) -> None:
        """`turns` are shared with the engines that compute on the same cores."""
        self._settings = settings
        self._graph = graph
        self._turns = turns

    @classmethod
    def load(cls, graph: Path, turns: Turns, *, threads: int | None = None) -> Self:
        """A second of work.

        Raises:
            BundleError: it cannot be loaded, or is no voice of Piper.
        """
        settings = Settings.read(_beside(graph))
        loaded = ForeignGraph(graph, threads=threads)
        if not _INPUTS <= loaded.inputs <= {*_INPUTS, "sid"}:
            raise BundleError(f"{graph} is no voice of Piper; fetch it again")
        return cls(settings, loaded, turns)

    def feed(self, utterance: Utterance) -> Iterator[Sound]:
        """Say it, a clause at a time.

        Raises (at any iteration):
            EngineError: the graph or espeak-ng failed.
        """
        speed = min(max(utterance.speed, _SLOWEST), _FASTEST)
        for clause in split(utterance.text):
            ids = self._ids(self._phonemes(clause))
            lively, slow, uneven = self._settings.scales
            given: dict[str, NDArray[Any]] = {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array([lively, slow / speed, uneven], np.float32),
            }
            if "sid" in self._graph.inputs:
                given["sid"] = np.zeros(1, np.int64)
            with self._turns:
                samples = self._graph.run(given).reshape(-1)
            loudest = float(np.abs(samples).max(initial=0.0))
            yield Sound(
                samples * np.float32(min(1.0, _LOUDEST / loudest) if loudest else 1.0), self._settings.rate
            )

    def reset(self) -> None:
        """Nothing is remembered."""

    def _phonemes(self, clause: str) -> str:
        command = (PROGRAM, "-b", "1", "-v", self._settings.espeak, "-q", "--ipa", "--stdin")
        told = through(command, as_text(clause), most=_MOST_PHONEMES).decode(errors="replace")
        end = clause[-1:] if clause[-1:] in _ENDS else "."
        return unicodedata.normalize("NFD", ", ".join(told.split("\n")).strip(", ")) + end

    def _ids(self, phonemes: str) -> list[int]:
        """Each with a pad behind it, between the marks of a beginning and an end; unknown ones are left out."""
        known = self._settings.ids
        ids = [*known[_BEGIN], *known[_PAD]]
        for each in phonemes:
            if each in known and each not in {_PAD, _BEGIN, _END}:
                ids += [*known[each], *known[_PAD]]
        return [*ids, *known[_END]]
