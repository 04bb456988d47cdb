"""An appliance that neither hears nor speaks, as `runtime.voice.border.Voices` has it; it says how that is changed."""

from collections.abc import AsyncIterator
from typing import Final

from runtime.errors import CallerError
from runtime.voice.border import Sound, Speech, Transcription, Utterance

DEAF: Final = "nothing here listens; set voice.enabled = true, and `ingle pull whisper-tiny.en`"
MUTE: Final = (
    "nothing here speaks; set voice.enabled = true, and install a voice (`pip install 'inglenook[voice]'`)"
)


class NoVoices:
    """For those who did not ask for any."""

    recognizer = None
    languages = ()
    voices = ()

    async def transcribe(self, speech: Speech) -> Transcription:
        """Refuse.

        Raises:
            CallerError: always.
        """
        del speech
        raise CallerError(DEAF)

    async def speak(self, utterance: Utterance) -> AsyncIterator[Sound]:
        """Refuse.

        Raises:
            CallerError: always.
        """
        del utterance
        raise CallerError(MUTE)
        yield  # what is told at the first iteration, as of any voice
