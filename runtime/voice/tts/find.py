"""Which voices this machine has, the best first: hibari's, then those of espeak-ng."""

import logging
from collections.abc import Iterator
from functools import partial

from runtime.engine.turns import Turns
from runtime.voice.extra import NoVoiceError
from runtime.voice.tts import espeak, hibari
from runtime.voice.tts.choose import Voice

_log = logging.getLogger(__name__)


def find_voices(turns: Turns) -> Iterator[Voice]:
    """All there are. `turns` are shared with the engines that compute on the same cores; asks espeak-ng for its own."""
    try:
        for name, language in hibari.installed().items():
            yield Voice(name, language, partial(hibari.HibariSpeaker.load, name, turns))
    except NoVoiceError as exc:
        _log.info("a better voice is to be had: %s", exc)
    for listed in espeak.installed():
        name = listed.name
        yield Voice(f"espeak-{name}", listed.language, partial(espeak.EspeakSpeaker, name))
