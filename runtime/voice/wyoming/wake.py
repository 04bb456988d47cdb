"""Wake words: `detect`, sound, a `detection` whenever one ends, and `not-detected` where the sound ends without."""

from collections.abc import Callable, Iterator, Sequence

from wyoming.wake import Detection, NotDetected

from runtime.errors import CallerError
from runtime.voice.border import FRAME, RATE, Samples, WakeWord
from runtime.voice.wyoming.border import Aside, Send, WakeService
from runtime.voice.wyoming.frames import Frame
from runtime.voice.wyoming.vad import Frames
from runtime.wire.fields import Fields, text


class Detecting:
    """Implements `Ear`: listens for some words."""

    def __init__(self, make: Callable[[], WakeWord], aside: Aside, send: Send) -> None:
        """`make` loads models, with the first sound."""
        self._make = make
        self._aside = aside
        self._send = send
        self._word: WakeWord | None = None
        self._frames = Frames()
        self._count = 0
        self._found = False

    async def hear(self, samples: Samples) -> None:
        """See `Ear.hear`."""
        for event in await self._aside(lambda: list(self._look(samples))):
            self._found = True
            await self._send(event)

    async def finish(self) -> None:
        """See `Ear.finish`."""
        if not self._found:
            await self._send(NotDetected())

    def close(self) -> None:
        """See `Ear.close`."""
        self._word = None

    def _look(self, samples: Samples) -> Iterator[Detection]:
        """Computes."""
        word = self._word or self._make()
        self._word = word
        for frame in self._frames.feed(samples):
            woken = word.feed(frame)
            self._count += FRAME
            if woken is not None:
                yield Detection(woken.name, round(1000 * self._count / RATE))


def wanted(frame: Frame, service: WakeService) -> Sequence[str]:
    """The words that a `detect` asks for: all of ours, where it names none.

    Raises:
        CallerError: we have none of them.
    """
    given = Fields.of(frame.data, frame.type).get("names")
    ours = [name for name, _, _ in service.words]
    if not given:
        return ours
    if not isinstance(given, list):
        raise CallerError("names is no list; send a list of wake words", param="names")
    names = {text(each, "names") for each in given}
    if not (found := [each for each in ours if each in names]):
        raise CallerError(
            f"none of these wake words is listened for here; choose from {', '.join(ours)}", param="names"
        )
    return found
