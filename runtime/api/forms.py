"""Taking a form with a file off the wire: its type, its size and its time are checked before anything is made of it.

What is small stays in memory, what is not goes to a file without a name as it arrives: it is never there twice. Source:
RFC 7578. Parts within parts, parts that are packed, and fields that are named twice are refused.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from runtime.api.keys import ASKED, AUDIT, LIMITS
from runtime.api.refusal import RefusalError
from runtime.errors import BusyError, CallerError
from runtime.strict_json import shown
from runtime.wire.fields import text

_IN_MEMORY: Final = 1 << 20
_PIECE: Final = 1 << 16
_PARTS: Final = 32
_FIELD_BYTES: Final = 1 << 14
_PLAIN: Final = frozenset({"", "binary", "8bit", "7bit"})


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent."""

    file: BinaryIO = field(repr=False)
    """At its beginning."""
    fields: Mapping[str, str | list[str]]
    """By name; a list where the name ends in []."""


@asynccontextmanager
async def read_form(request: web.Request, file: str, most: int, setting: str) -> AsyncIterator[Form]:
    """A form with one file, which is there for as long as the block lasts.

    Args:
        request: Whose body it is.
        file: The name of the part that the file is in.
        most: Bytes that all of it may have.
        setting: Which one of the owner's moves that bound.

    Raises:
        RefusalError: 415 for another type or an encoding, 413 for too much, 408 for too slow, 400 for a broken body.
        CallerError: the file is missing, or a part is none that a form has.
        BusyError: there is no room to keep it.
    """
    if request.content_type != "multipart/form-data":
        raise _unreadable(
            f"the content type is {shown(request.content_type)}; send a form, multipart/form-data"
        )
    if "Content-Encoding" in request.headers:
        raise _unreadable("the body is compressed; send it without Content-Encoding")
    if (request.content_length or 0) > most:
        raise _too_large(most, setting)
    within = request.app[LIMITS].body_seconds
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        kept = cast("BinaryIO", spool)
        with _sound():
            try:
                async with asyncio.timeout(within):
                    fields = await _parts(request, file, kept, most, setting)
            except TimeoutError as exc:
                raise RefusalError(
                    408, f"the body did not arrive within {within:g} s; send it faster"
                ) from exc
        kept.seek(0)
        if request.app[AUDIT].prompts:
            request[ASKED] = fields
        yield Form(kept, fields)


async def _parts(
    request: web.Request, file: str, kept: BinaryIO, most: int, setting: str
) -> dict[str, str | list[str]]:
    fields: dict[str, str | list[str]] = {}
    names: list[str] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        name = _name(part)
        names.append(name)
        if len(names) > _PARTS:
            raise CallerError(f"the form has more than {_PARTS} parts; send fewer")
        if name == file and names.count(file) == 1:
            await _keep(cast("BodyPartReader", part), kept, most, setting)
            continue
        value = await _value(cast("BodyPartReader", part), name)
        if name.endswith("[]"):
            cast("list[str]", fields.setdefault(name, [])).append(value)
        elif names.count(name) > 1:
            raise CallerError(f"{name} is there twice; send it once", param=name)
        else:
            fields[name] = value
    if file not in names:
        raise CallerError(f"{file} is missing; send the recording as the part {file} of the form", param=file)
    return fields


def _name(part: BodyPartReader | MultipartReader) -> str:
    if isinstance(part, MultipartReader):
        raise CallerError("a part of the form is a form itself; send the recording as it is")
    if "Content-Encoding" in part.headers or part.headers.get("Content-Transfer-Encoding", "") not in _PLAIN:
        raise CallerError(
            "a part of the form is encoded; send it as it is, without Content-Transfer-Encoding"
        )
    if not part.name:
        raise CallerError("a part of the form has no name; name each in its Content-Disposition")
    return text(part.name, "the name of a part")[:64]


async def _keep(part: BodyPartReader, kept: BinaryIO, most: int, setting: str) -> None:
    count = 0
    while data := await part.read_chunk(_PIECE):
        count += len(data)
        if count > most:
            raise _too_large(most, setting)
        try:
            kept.write(data)
        except OSError as exc:
            raise BusyError(
                f"there is no room to keep the recording ({exc.strerror}); free some disk"
            ) from exc


async def _value(part: BodyPartReader, name: str) -> str:
    value = b""
    while data := await part.read_chunk(_FIELD_BYTES):
        value += data
        if len(value) > _FIELD_BYTES:
            raise CallerError(f"{name} has more than {_FIELD_BYTES} bytes; send less", param=name)
    try:
        return value.decode()
    except UnicodeDecodeError as exc:
        raise CallerError(f"{name} is no UTF-8; send it as text", param=name) from exc


@contextmanager
def _sound() -> Iterator[None]:
    """Within: what aiohttp finds wrong with the framing of a body is the caller's mistake."""
    try:
        yield
    except (CallerError, ConnectionError):
        raise
    except (
        ValueError,
        RuntimeError,
        AssertionError,
        LookupError,
        HttpProcessingError,
        web.RequestPayloadError,
    ) as exc:
        raise RefusalError(400, "the form broke off or is badly framed; send it again") from exc


def _too_large(limit: int, setting: str) -> RefusalError:
    return RefusalError(
        413,
        f"the form has more than {limit} bytes; send a shorter recording, or at 16 kHz and mono, or raise {setting}",
        code="request_too_large",
    )


def _unreadable(message: str) -> RefusalError:
    return RefusalError(415, message, code="unsupported_media_type")
