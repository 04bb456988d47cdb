"""Speech to text: Whisper, as a stage of the pipeline and over recordings of any length.

Knows the order of things: is it loud enough, which language, which readings, are they believed, what are their times.
A recording longer than the model hears at a time is heard in windows, each beginning where the one before understood.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from models.bundle import Bundle
from models.manifest import TOKENIZER_NAME, Manifest, SpokenLanguage, Transcriber
from runtime.engine.transcriber import Heard, TranscriberSession
from runtime.engine.turns import Turns
from runtime.errors import BundleError, CallerError
from runtime.text.tokenizer import Tokenizer
from runtime.voice.border import RATE, Reading, Samples, Segment, Speech, Transcription
from runtime.voice.mel import HOP, SPAN, log_mel
from runtime.voice.whisper.hints import Hints
from runtime.voice.whisper.quiet import is_faint, is_invented, is_looping
from runtime.voice.whisper.rules import Rules
from runtime.voice.whisper.search import Written, search
from runtime.voice.whisper.times import stretches

_MARGIN: Final = 50
"""Frames of silence behind a sound that are computed as the sound is."""
_LOUDEST: Final = 1.4
"""Value of the loudest in a spectrogram, as in a good recording of speech: silence has then the same value in all."""
_SILENCE: Final = _LOUDEST - SPAN
_TIMED_S: Final = 15.0
"""What is longer gets times; a command is one stretch."""
_CAREFUL: Final = 5
"""Readings that are kept side by side where one alone went round in circles."""
_TOKENS: Final = 224
"""A window's, at most."""
_TOKENS_FIRST: Final = 16
_TOKENS_A_SECOND: Final = 12
"""Faster than anybody speaks: a loop ends there."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What a window of a recording says."""

    readings: tuple[Reading, ...]
    no_speech: float
    segments: tuple[Segment, ...]
    language: str
    end: float
    """Seconds of the recording that are understood by now."""


class Whisper:
    """A `runtime.voice.border.Recognizer`. Keeps nothing of one speech for the next."""

    def __init__(self, manifest: Manifest, tokenizer: Tokenizer, session: TranscriberSession) -> None:
        """Put the parts together.

        Raises:
            BundleError: the model does not hear.
        """
        if manifest.transcriber is None or manifest.bos_id is None:
            raise BundleError(
                f"{manifest.name!r} does not hear; `ingle pull whisper-tiny.en` brings one that does"
            )
        self._about: Transcriber = manifest.transcriber
        self._start: int = manifest.bos_id
        self._manifest, self._tokenizer, self._session = manifest, tokenizer, session

    @classmethod
    def load(cls, bundle: Bundle, *, threads: int | None = None, turns: Turns | None = None) -> Self:
        """Load a bundle whose task is to transcribe, and let it hear silence; a second or two of work.

        Raises:
            BundleError: it is for something else, cannot be loaded, or is not what its manifest says.
            EngineError: onnxruntime failed.
        """
        session = TranscriberSession(bundle.path, bundle.manifest, threads=threads, turns=turns)
        session.prepare(_SILENCE)
        return cls(bundle.manifest, Tokenizer.load(bundle.path / TOKENIZER_NAME), session)

    @property
    def name(self) -> str:
        """What callers know the model as."""
        return self._manifest.name

    @property
    def languages(self) -> tuple[str, ...]:
        """Which it understands."""
        return tuple(language.code for language in self._about.languages) or ("en",)

    @property
    def translates(self) -> bool:
        """Whether it can write English of what is said in another language."""
        return self._about.translate is not None

    def feed(self, given: Speech) -> Transcription:
        """Write down what was said.

        Raises:
            CallerError: its language is not understood.
            EngineError: the model failed.
        """
        passages = tuple(self.listen([given.samples], given.language, given.hints, best=given.best))
        spoken = [passage for passage in passages if passage.readings[0].text]
        language = (spoken or passages)[0].language if passages else given.language or self.languages[0]
        no_speech = min((passage.no_speech for passage in passages), default=1.0)
        segments = tuple(segment for passage in passages for segment in passage.segments)
        if len(spoken) == 1:
            readings = spoken[0].readings
        else:
            text = " ".join(passage.readings[0].text for passage in spoken)
            scores = [passage.readings[0].score for passage in spoken]
            readings = (Reading(text, float(np.mean(scores)) if scores else 0.0),)
        return Transcription(readings, language, no_speech, segments)

    def reset(self) -> None:
        """Nothing is kept."""

    def listen(
        self,
        pieces: Iterable[Samples],
        language: str | None = None,
        hints: Sequence[str] = (),
        *,
        best: int = 1,
        translate: bool = False,
    ) -> Iterator[Passage]:
        """Write down a recording as it comes; a window of it is held at a time.

        Raises (at any iteration):
            CallerError: its language is not understood, or it is to be translated by a model that cannot.
            EngineError: the model failed.
        """
        chosen = self._chosen(language)
        if translate and not self.translates:
            raise CallerError(
                f"{self.name} does not translate; `ingle pull whisper-base` brings one that does"
            )
        wanted = Hints(self._spelt(hints))
        window = _Window(pieces, self._about.frames * HOP)
        while (sound := window.sound()).size:
            passage, used = self._passage(sound, window, chosen, wanted, best, translate=translate)
            window.forget(used)
            yield passage

    def _passage(
        self,
        sound: Samples,
        window: "_Window",
        language: SpokenLanguage | None,
        hints: Hints,
        best: int,
        *,
        translate: bool,
    ) -> tuple[Passage, int]:
        """What a window says, and how many samples of it are understood."""
        begin, whole = window.begin / RATE, sound.size
        code = language.code if language else self.languages[0]
        end = begin + whole / RATE
        nothing = (Reading("", 0.0),)
        if is_faint(sound):
            return Passage(nothing, 1.0, (), code, end), whole
        frames = min(self._about.frames, (whole // HOP + _MARGIN) // 2 * 2)
        heard = self._heard(sound, frames)
        if self._about.languages and language is None:
            language = self._language(heard)
            code = language.code
        rules = Rules.of(self._manifest, timed=whole > _TIMED_S * RATE)
        prompt = self._prompt(language, translate=translate, timed=rules.timed)
        limit = min(_TOKENS, _TOKENS_FIRST + int(_TOKENS_A_SECOND * whole / RATE))
        writing = self._session.write(heard, prompt, (0, len(prompt) - 1), limit)
        no_speech = _share(writing.prompted[0], self._about.no_speech)
        found = search(writing.prompted[1], writing, rules, hints, width=best)
        if is_looping(self._text(found[0], rules)):
            writing = self._session.write(heard, prompt, (len(prompt) - 1,), limit)
            found = search(writing.prompted[0], writing, rules, hints, width=max(best, _CAREFUL))
        if is_invented(no_speech, found[0].score) or is_looping(self._text(found[0], rules)):
            return Passage(nothing, no_speech, (), code, end), whole
        readings = self._readings(found, rules)
        pieces, used = stretches(found[0].tokens, self._about.first_timestamp, whole / RATE)
        if window.ended:
            used = whole / RATE
        segments = tuple(
            Segment(begin + start, begin + stop, text)
            for start, stop, tokens in pieces
            if (text := self._tokenizer.decode(tokens).strip())
        )
        return Passage(readings, no_speech, segments, code, begin + used), max(HOP, int(used * RATE))

    def _heard(self, sound: Samples, frames: int) -> Heard:
        """A sound that is shorter than a window goes on as a silence that was heard before."""
        bins = self._about.mel_bins
        if frames == self._about.frames:
            return self._session.hear(log_mel(sound, bins, frames))
        return self._session.hear(log_mel(sound, bins, frames, loudest=_LOUDEST), _SILENCE)

    def _text(self, written: Written, rules: Rules) -> str:
        return self._tokenizer.decode(rules.text(written.tokens)).strip()

    def _readings(self, found: Sequence[Written], rules: Rules) -> tuple[Reading, ...]:
        """As text; what differs in nothing but times is one."""
        readings: dict[str, Reading] = {}
        for written in found:
            text = self._text(written, rules)
            readings.setdefault(text, Reading(text, written.score))
        return tuple(readings.values())

    def _prompt(self, language: SpokenLanguage | None, *, translate: bool, timed: bool) -> list[int]:
        task = self._about.translate if translate else self._about.transcribe
        prompt = [self._start]
        if language is not None and task is not None:
            prompt += [language.token, task]
        return prompt if timed else [*prompt, self._about.no_timestamps]

    def _chosen(self, language: str | None) -> SpokenLanguage | None:
        """None: English alone, or whatever the model hears."""
        if language is None:
            return None
        code = language.replace("_", "-").partition("-")[0].lower()
        if code not in self.languages:
            few = ", ".join(self.languages[:12]) + (" and others" if len(self.languages) > 12 else "")  # noqa: PLR2004  a line
            raise CallerError(
                f"{self.name} does not understand {language[:20]!r}, only {few}", param="language"
            )
        return next((known for known in self._about.languages if known.code == code), None)

    def _language(self, heard: Heard) -> SpokenLanguage:
        """The one that the model hears."""
        logits = self._session.write(heard, [self._start], (0,), 1).prompted[0]
        return max(self._about.languages, key=lambda language: float(logits[language.token]))

    def _spelt(self, names: Sequence[str]) -> list[tuple[int, ...]]:
        """Names as tokens, as they are written within a sentence and at its beginning."""
        forms = {
            f" {form}" for name in names for form in (name, name.lower(), name.title(), name.capitalize())
        }
        return [self._tokenizer.encode(form, special=False) for form in sorted(forms)]


class _Window:
    """The stretch of a recording that is heard next."""

    def __init__(self, pieces: Iterable[Samples], size: int) -> None:
        self._pieces, self._size = iter(pieces), size
        self._held: Samples = np.zeros(0, np.float32)
        self.begin = 0
        """Samples before it."""
        self.ended = False
        """The recording ends with it."""

    def sound(self) -> Samples:
        """As much as there is, and as fits."""
        parts, count = [self._held], self._held.size
        while count <= self._size and not self.ended:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended = True
                break
            parts.append(piece)
            count += piece.size
        self._held = np.concatenate(parts)
        self.ended = self.ended and self._held.size <= self._size
        return self._held[: self._size]

    def forget(self, count: int) -> None:
        """Go on behind so many samples."""
        self._held = self._held[count:]
        self.begin += count


def _share(logits: "np.ndarray[tuple[int], np.dtype[np.float32]]", token: int) -> float:
    """The probability of one token."""
    shares = np.exp(logits - logits.max())
    return float(shares[token] / shares.sum())
