"""Who speaks: the voices of this machine, and which of them says something of a language.

Knows no sound. A voice comes into memory when it is first spoken with, and the last few stay.
"""

import difflib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.errors import CallerError
from runtime.voice.border import Sound, Speaker, Utterance
from runtime.voice.spoken.scripts import primary

NONE_SPEAKS: Final = (
    "nothing here can speak; get a voice by `pip install 'inglenook[voice]'`, or by `apt install espeak-ng`"
)
_KEPT: Final = 3
"""Voices in memory: one takes up to 200 MB."""
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Voice:
    """One that can speak."""

    name: str
    language: str
    """BCP 47."""
    load: Callable[[], Speaker]
    """Seconds of work; raises IngleError where it cannot be."""


class Cast:
    """The voices there are; implements `Speaker` by the one that is asked for."""

    def __init__(
        self, voices: Sequence[Voice], *, preferred: str | None = None, language: str = "en"
    ) -> None:
        """`voices`: the best first. `preferred` is whom the owner wants to hear, `language` what is mostly spoken.

        Raises:
            CallerError: there is no voice of that name.
        """
        self._voices = {voice.name: voice for voice in reversed(voices)}  # of two of a name the better one
        self._order = [voice for voice in voices if self._voices[voice.name] is voice]
        self._loaded: OrderedDict[str, Speaker] = OrderedDict()
        self._default = None if not voices else self._named(preferred) if preferred else self._best(language)

    @property
    def voices(self) -> tuple[Voice, ...]:
        """All, the default first."""
        default = self._default
        return tuple(sorted(self._order, key=lambda each: each is not default))

    def choose(self, name: str | None, language: str | None) -> Voice:
        """Whose voice it is: of that name if it speaks the language, else the best that does.

        Raises:
            CallerError: there is no such voice, or none of the language.
        """
        if self._default is None:
            raise CallerError(NONE_SPEAKS)
        wanted = self._default if name is None else self._named(name)
        if language is None or primary(language) == primary(wanted.language):
            return wanted
        best = self._best(language)
        if best is None or primary(best.language) != primary(language):
            raise CallerError(
                f"nothing here speaks {language[:35]!r}; get espeak-ng, which speaks a hundred languages: "
                "`apt install espeak-ng`",
                param="language",
            )
        return best

    def feed(self, utterance: Utterance) -> Iterator[Sound]:
        """See `Stage.feed`.

        Raises (at any iteration):
            CallerError: as `choose`.
            EngineError: the voice cannot be loaded, or failed.
        """
        yield from self._speaker(self.choose(utterance.voice, utterance.language)).feed(utterance)

    def reset(self) -> None:
        """Voices remember nothing."""

    def _speaker(self, voice: Voice) -> Speaker:
        if voice.name not in self._loaded:
            self._loaded[voice.name] = voice.load()
            while len(self._loaded) > _KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(voice.name)
        return self._loaded[voice.name]

    def _named(self, name: str) -> Voice:
        if name in self._voices:
            return self._voices[name]
        near = difflib.get_close_matches(name, self._voices, 1, 0.5)
        known = [voice.name for voice in self._order[:_SHOWN]]
        more = ", …" if len(self._order) > _SHOWN else ""
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}{more}"
        raise CallerError(f"there is no voice {name[:80]!r} here; {hint}", param="voice")

    def _best(self, language: str) -> Voice | None:
        """The first that speaks it as it is spoken there; else one that speaks it at all; else any."""
        return min(
            self._order,
            key=lambda each: (
                primary(each.language) != primary(language),
                each.language.lower() != language.lower(),
            ),
            default=None,
        )
