"""A hundred languages by espeak-ng, the program: the last resort, and the first one where nobody else knows a language.

A child process a clause: the text goes in by a pipe and the sound comes out by another, both within bounds of size and
time. What espeak-ng takes for instructions (phonemes in brackets, SSML, control characters) is no text.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.errors import EngineError
from runtime.voice.border import Sound, Utterance
from runtime.voice.clauses import split
from runtime.voice.pcm import SoundError
from runtime.voice.tts.child import through
from runtime.voice.wav import WavReader

PROGRAM: Final = "espeak-ng"
_WORDS_A_MINUTE: Final = 165
_SLOWEST: Final = 80
_FASTEST: Final = 450
_LOUDNESS: Final = ("-a", "70")
"""Of 100, at which loud vowels are clipped."""
_PATIENCE_S: Final = 10.0
_MOST_BYTES: Final = 8 << 20
"""Three minutes: longer than any clause."""
_INSTRUCTIONS: Final = re.compile(r"[\x00-\x1f\x7f\[\]<>]")
_LISTED: Final = re.compile(r"\s*(?P<rank>\d+)\s+(?P<language>[a-z0-9][a-zA-Z0-9-]*)\s")
_MANDARIN: Final = "cmn-latn-pinyin"
"""What reads pinyin as pinyin: the voice `cmn` of 1.51 says the tones as English numbers."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A voice that the program says it has."""

    name: str
    language: str
    """BCP 47."""


def installed(program: str | None = None) -> list[Listed]:
    """The voices of the program, the usual ones of a language first; none where it is not installed, or fails."""
    if (path := program or shutil.which(PROGRAM)) is None:
        return []
    try:
        told = subprocess.run([path, "--voices"], capture_output=True, timeout=_PATIENCE_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    lines = filter(None, map(_LISTED.match, told.decode(errors="replace").splitlines()))
    found = list(dict.fromkeys(line["language"] for line in sorted(lines, key=_rank)))
    if _MANDARIN in found:
        found = [name for name in found if name != "cmn"]
    return [Listed(name, "zh" if name in {_MANDARIN, "cmn"} else name) for name in found]


def _rank(listed: re.Match[str]) -> int:
    return int(listed["rank"])


class EspeakSpeaker:
    """One of its voices."""

    def __init__(self, name: str, program: str | None = None) -> None:
        """`name` as `installed` lists it."""
        self._name = name
        self._program = program or PROGRAM

    def feed(self, utterance: Utterance) -> Iterator[Sound]:
        """Say it, a clause at a time.

        Raises (at any iteration):
            EngineError: the program is not there, fails, or takes too long.
        """
        pace = min(max(round(_WORDS_A_MINUTE * utterance.speed), _SLOWEST), _FASTEST)
        command = (
            self._program,
            "-b",
            "1",
            "-v",
            self._name,
            "-s",
            str(pace),
            *_LOUDNESS,
            "--stdin",
            "--stdout",
        )
        for clause in split(utterance.text):
            sound = _sound(through(command, as_text(clause), most=_MOST_BYTES))
            if sound.samples.size:
                yield sound

    def reset(self) -> None:
        """Nothing is remembered."""


def as_text(clause: str) -> str:
    """Without what the program would take for instructions."""
    return _INSTRUCTIONS.sub(" ", clause)


def _sound(wav: bytes) -> Sound:
    reader = WavReader()
    try:
        data = reader.feed(wav)
        reader.close()
    except SoundError as exc:
        raise EngineError(f"what {PROGRAM} says is no sound ({exc}); install it again") from exc
    assert reader.form is not None  # noqa: S101  `close` sees to it
    return Sound(reader.form.mono(data), reader.form.rate)
