"""Wake words: several are listened for at once, and after one there is silence for a while.

Knows which words there are and who makes them out (`micro_wake.py`, `open_wake.py`), and what the owner's policy says
of their licences. A word that two makers have is microWakeWord's; `openwakeword.NAME` asks for the other's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from models.errors import PolicyError
from models.licences.policy import Policy, enforce, unsettled
from models.manifest import Licence
from runtime.errors import ConfigError
from runtime.voice import micro_wake, open_wake
from runtime.voice.border import Samples, Woken

_REFRACTORY_FRAMES: Final = 31
"""A second, in which the end of the same word is no other."""


@dataclass(frozen=True, slots=True)
class Word:
    """A wake word that can be listened for."""

    name: str
    phrase: str
    """What is said."""
    maker: str
    licence: Licence
    languages: tuple[str, ...] = ("en",)


class Detector(Protocol):
    """One maker's models of some words, on features that they share."""

    def feed(self, frame: Samples) -> Mapping[str, tuple[float, float]]:
        """How sure it is of each word, and how sure it would have to be."""
        ...

    def reset(self) -> None:
        """Forget all that came before."""
        ...


_APACHE: Final = Licence("Apache-2.0", ("commercial",))
_OPEN: Final = Licence("CC-BY-NC-SA-4.0", url="https://github.com/dscripka/openWakeWord#license")
WORDS: Final[Mapping[str, Word]] = {
    word.name: word
    for word in (
        Word("okay_nabu", "okay nabu", "microWakeWord", _APACHE, ("en", "nl", "fr", "de", "it", "es", "sv")),
        Word("hey_jarvis", "hey jarvis", "microWakeWord", _APACHE),
        Word("hey_mycroft", "hey mycroft", "microWakeWord", _APACHE),
        Word("alexa", "alexa", "microWakeWord", _APACHE),
        *(
            Word(f"openwakeword.{'_'.join(phrase.split())}", phrase, "openWakeWord", _OPEN)
            for phrase in ("okay nabu", "hey jarvis", "hey mycroft", "alexa", "hey rhasspy")
        ),
    )
}
"""What comes with the makers' packages."""
_MAKERS: Final[Mapping[str, Callable[[Sequence[str], float | None], Detector]]] = {
    "microWakeWord": micro_wake.MicroDetector,
    "openWakeWord": open_wake.OpenDetector,
}


class WakeWords:
    """Implements `runtime.voice.border.WakeWord`. Takes no turns: a frame is sooner done than a turn is had."""

    def __init__(
        self, names: Sequence[str], *, threshold: float | None = None, policy: Policy | None = None
    ) -> None:
        """Load the models of `names`; `threshold`: how sure to be of a word, None as its maker says.

        Raises:
            ConfigError: there is no such word.
            PolicyError: the owner's policy rules out its licence, or does not settle it.
            NoVoiceError: its maker's package is not installed.
            EngineError: it cannot be loaded.
        """
        words = [_allowed(name, Policy() if policy is None else policy) for name in dict.fromkeys(names)]
        self._detectors = [
            make([word.name for word in words if word.maker == maker], threshold)
            for maker, make in _MAKERS.items()
            if any(word.maker == maker for word in words)
        ]
        self._deaf = 0
        self._said: set[str] = set()
        """Words whose models are still sure of them: into the silence after it, one may be for long."""

    def feed(self, given: Samples) -> Woken | None:
        """See `runtime.voice.border.WakeWord`."""
        found = [each for detector in self._detectors for each in detector.feed(given).items()]
        self._deaf = max(0, self._deaf - 1)
        sure = [Woken(name, score) for name, (score, least) in found if score > least]
        fresh = [woken for woken in sure if woken.name not in self._said]
        self._said = {woken.name for woken in sure}
        if not fresh or self._deaf:
            return None
        self._deaf = _REFRACTORY_FRAMES
        return max(fresh, key=lambda woken: woken.score)

    def reset(self) -> None:
        """Forget all that came before."""
        self._deaf = 0
        self._said.clear()
        for detector in self._detectors:
            detector.reset()


def _allowed(name: str, policy: Policy) -> Word:
    word = WORDS.get(name)
    if word is None:
        raise ConfigError(f"there is no wake word {name!r}; choose from {', '.join(WORDS)}")
    enforce(policy, word.licence, f"the wake word {name}")
    if asked := unsettled(policy, word.licence):
        clauses = "; ".join(f"{each.clause} says that {each.says}" for each in asked)
        raise PolicyError(
            f"the wake word {name} is under {word.licence.spdx}: {clauses}; read it at {word.licence.url}, "
            f'then set policy.accept = ["{word.licence.spdx}"]'
        )
    return word
