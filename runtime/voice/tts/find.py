"""Which voices this machine has: hibari's, then those of Piper that its owner fetched, then those of espeak-ng."""

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from runtime.engine.turns import Turns
from runtime.voice.extra import NoVoiceError
from runtime.voice.tts import espeak, hibari, piper
from runtime.voice.tts.choose import Voice

_log = logging.getLogger(__name__)


def find_voices(folder: Path, turns: Turns) -> Iterator[Voice]:
    """All there are, Piper's in `folder` among them; asks espeak-ng for its own.

    `turns` are shared with the engines that compute on the same cores.
    """
    try:
        for name, language in hibari.installed().items():
            yield Voice(name, language, partial(hibari.HibariSpeaker.load, name, turns))
    except NoVoiceError as exc:
        _log.info("a better voice is to be had: %s", exc)
    for name, settings in piper.installed(folder).items():
        yield Voice(name, settings.language, partial(piper.PiperSpeaker.load, folder / f"{name}.onnx", turns))
    for listed in espeak.installed():
        name = listed.name
        yield Voice(f"espeak-{name}", listed.language, partial(espeak.EspeakSpeaker, name))
