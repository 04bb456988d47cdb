"""What was said, in the forms that OpenAI's clients ask for. Values in, text out.

https://platform.openai.com/docs/api-reference/audio/json-object and .../verbose-json-object; SubRip as players have
read it for twenty years; WebVTT: https://www.w3.org/TR/webvtt1/
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from runtime.voice.border import Segment, Transcription


def as_json(said: Transcription, seconds: float) -> dict[str, Any]:
    """The short object."""
    return {"text": said.text, "usage": _usage(seconds)}


def as_verbose_json(said: Transcription, seconds: float) -> dict[str, Any]:
    """The long one. How likely it all is, is known of the whole and told of each segment; token ids are not told."""
    return {
        "task": "transcribe",
        "language": said.language,
        "duration": round(seconds, 3),
        "text": said.text,
        "segments": [_told(number, each, said) for number, each in enumerate(said.segments)],
        "usage": _usage(seconds),
    }


def as_srt(said: Transcription) -> str:
    """SubRip."""
    blocks = (
        f"{number}\n{_time(each.start, ',')} --> {_time(each.end, ',')}\n{_lines(each.text)}\n"
        for number, each in enumerate(said.segments, 1)
    )
    return "\n".join(blocks)


def as_vtt(said: Transcription) -> str:
    """WebVTT."""
    cues = (
        f"{_time(each.start, '.')} --> {_time(each.end, '.')}\n{_escaped(_lines(each.text))}\n"
        for each in said.segments
    )
    return "\n".join(("WEBVTT\n", *cues))


def as_events(said: Transcription) -> Iterator[dict[str, Any]]:
    """What a stream has: the text in pieces that make it up, one a segment, and then all of it."""
    for delta in _pieces(said.text, said.segments):
        yield {"type": "transcript.text.delta", "delta": delta}
    yield {"type": "transcript.text.done", "text": said.text}


def _pieces(text: str, segments: Sequence[Segment]) -> Iterator[str]:
    begin = 0
    for segment in segments[:-1]:
        found = text.find(segment.text.strip(), begin)
        if found >= 0 and segment.text.strip():
            end = found + len(segment.text.strip())
            yield text[begin:end]
            begin = end
    if text[begin:]:
        yield text[begin:]


def _told(number: int, segment: Segment, said: Transcription) -> dict[str, Any]:
    written = segment.text.encode()
    return {
        "id": number,
        "seek": round(segment.start * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": said.readings[0].score,
        "compression_ratio": len(written) / len(zlib.compress(written)),
        "no_speech_prob": said.no_speech,
    }


def _usage(seconds: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(seconds)}


def _time(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    return (
        f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{point}{whole % 1000:03}"
    )


def _lines(text: str) -> str:
    """A blank line would end the block, and an arrow begin another."""
    return " ".join(text.replace("-->", "→").split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
