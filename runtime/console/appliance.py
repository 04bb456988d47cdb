"""The appliance that runs on this machine, as a voice loop sees it: what writes down, answers and speaks, over HTTP."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp

from runtime.commands.order import Status
from runtime.config import Config
from runtime.config.secret import read_secret
from runtime.errors import BusyError, CallerError, IngleError
from runtime.listener import address, find_key
from runtime.tls import pinned
from runtime.voice.audio import write_wav
from runtime.voice.border import Reading, Said, Segment, Sound, Speech, Transcription, Utterance
from runtime.voice.wav import WavReader

_PATIENCE_S: Final = 60.0
_SPEAKER: Final = "speech"
"""What all voices together go by among the models."""
_PIECE: Final = 1 << 15


class Appliance:
    """Implements `Voices` and `Answerer` by asking the other process."""

    def __init__(self, client: aiohttp.ClientSession, pin: bytes | None, url: str) -> None:
        self._client = client
        self._tls = True if pin is None else aiohttp.Fingerprint(pin)
        self._url = url
        self.recognizer: str | None = None
        self.languages: tuple[str, ...] = ()
        self.voices: tuple[str, ...] = ()

    async def look(self) -> None:
        """Find out what it can do.

        Raises:
            BusyError: it is not there.
            CallerError: it does not listen; says what to do.
        """
        async with self._ask("GET", "/v1/models") as answer:
            listed = {
                each["meta"].get("task"): each for each in (await answer.json())["data"] if "meta" in each
            }
        if (speaks := listed.get("speak")) is not None:
            self.voices = tuple(speaks["meta"]["voices"])
        if (hears := listed.get("transcribe")) is None:
            raise CallerError(
                f"the appliance at {self._url} writes down nothing; set voice.enabled in its configuration, "
                "`ingle pull whisper-tiny.en`, and start it again"
            )
        self.recognizer, self.languages = hears["id"], tuple(hears["meta"].get("languages", ()))

    async def transcribe(self, speech: Speech) -> Transcription:
        """See `runtime.voice.border.Voices.transcribe`."""
        form = aiohttp.FormData({"model": self.recognizer or "", "response_format": "verbose_json"})
        form.add_field("file", write_wav(speech.samples), filename="said.wav", content_type="audio/wav")
        if speech.language is not None:
            form.add_field("language", speech.language)
        async with self._ask("POST", "/v1/audio/transcriptions", data=form) as answer:
            told = await answer.json()
        segments = told["segments"]
        return Transcription(
            (Reading(told["text"], min((each["avg_logprob"] for each in segments), default=0.0)),),
            told["language"],
            max((each["no_speech_prob"] for each in segments), default=1.0),
            tuple(Segment(each["start"], each["end"], each["text"]) for each in segments),
        )

    async def speak(self, utterance: Utterance) -> AsyncGenerator[Sound, None]:
        """See `runtime.voice.border.Voices.speak`."""
        asked = {"model": _SPEAKER, "input": utterance.text, "response_format": "wav"}
        async with self._ask("POST", "/v1/audio/speech", json=asked) as answer:
            reader = WavReader()
            async for data in answer.content.iter_chunked(_PIECE):
                if (sound := reader.feed(data)) and reader.form is not None:
                    yield Sound(reader.form.mono(sound), reader.form.rate)

    async def answer(
        self, texts: Sequence[str], *, language: str | None, session: str
    ) -> AsyncGenerator[Said, None]:
        """See `runtime.voice.border.Answerer.answer`."""
        asked = {"text": texts[0], "session": session, "answer": True}
        async with self._ask("POST", "/v1/commands", json=asked) as answer:
            told = await answer.json()
        status = Status(told["status"])
        yield Said(told["text"], told.get("language") or language or "en", status is Status.ASKED, status)

    @asynccontextmanager
    async def _ask(self, method: str, path: str, **sent: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._client.request(method, path, ssl=self._tls, **sent) as answer:
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    raise await _refusal(answer)
                yield answer
        except (aiohttp.ClientConnectorError, aiohttp.ServerFingerprintMismatch, TimeoutError) as exc:
            raise BusyError(
                f"no appliance answers at {self._url}; start one with `ingle serve`, or name its --config"
            ) from exc
        except (aiohttp.ClientError, ValueError, KeyError) as exc:
            raise BusyError(
                f"what answers at {self._url} broke off, or is no Inglenook ({exc}); see server.port"
            ) from exc


async def _refusal(answer: aiohttp.ClientResponse) -> IngleError:
    message = f"it answers {answer.status}"
    with suppress(aiohttp.ClientError, ValueError, KeyError, TypeError):
        message = (await answer.json(content_type=None))["error"]["message"]
    return (BusyError if answer.status == HTTPStatus.SERVICE_UNAVAILABLE else CallerError)(message)


@asynccontextmanager
async def appliance(config: Config, state: Path) -> AsyncIterator[Appliance]:
    """The one that this configuration is of.

    Raises:
        BusyError, CallerError: see `Appliance.look`.
    """
    server = config.server
    url, key = address(server.host, server.port, tls=server.tls), find_key(server, state, os.environ)
    headers = {} if key is None else {"Authorization": f"Bearer {read_secret(key)}"}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=_PATIENCE_S)
    async with aiohttp.ClientSession(url, headers=headers, timeout=timeout) as client:
        there = Appliance(client, pinned(server, state), url)
        await there.look()
        yield there
