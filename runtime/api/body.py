"""Taking a JSON body off the wire: its type, its size and its time are checked before anything is made of it."""

import asyncio
from typing import Any, Final

from aiohttp import web

from runtime.api.keys import ASKED, AUDIT, LIMITS
from runtime.api.refusal import RefusalError
from runtime.strict_json import parse, shown

_LETTERS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
"""Charsets whose letters are those of UTF-8, which JSON is written in (RFC 8259, 8.1)."""


async def read_json(request: web.Request, *, curl: bool = False) -> Any:
    """The JSON value of the body; with `curl` also where the type is the one that curl sends if nobody names one.

    Raises:
        RefusalError: 415 for another type or an encoding, 413 for too much, 408 for too slow, 400 for a broken body.
        CallerError: not sound JSON.
    """
    limits = request.app[LIMITS]
    # Besides being plain, this keeps forms of other sites out: a browser asks before it sends JSON across origins.
    if request.content_type != "application/json" and not (curl and _from_curl(request)):
        raise RefusalError(
            415,
            f"the content type is {shown(request.content_type)}; send JSON with 'Content-Type: application/json'",
            code="unsupported_media_type",
        )
    if (charset := request.charset) is not None and charset.lower() not in _LETTERS:
        raise RefusalError(
            415,
            f"the charset is {shown(charset)}; send JSON in UTF-8",
            code="unsupported_media_type",
        )
    if "Content-Encoding" in request.headers:
        raise RefusalError(
            415, "the body is compressed; send it without Content-Encoding", code="unsupported_media_type"
        )
    if (declared := request.content_length or 0) > limits.request_bytes:
        raise _too_large(f"{declared}", limits.request_bytes)
    try:
        async with asyncio.timeout(limits.body_seconds):
            body = await request.read()
    except web.HTTPRequestEntityTooLarge as exc:
        raise _too_large(f"more than {limits.request_bytes}", limits.request_bytes) from exc
    except web.RequestPayloadError as exc:
        raise RefusalError(400, "the body broke off or is badly framed; send it again") from exc
    except TimeoutError as exc:
        raise RefusalError(
            408, f"the body did not arrive within {limits.body_seconds:g} s; send it faster"
        ) from exc
    value = parse(body, depth=limits.json_depth)
    if request.app[AUDIT].prompts:
        request[ASKED] = value
    return value


def _from_curl(request: web.Request) -> bool:
    """Whether no browser can have sent this: with a form, theirs have named its origin for years."""
    named = {"Origin", "Referer", "Sec-Fetch-Site"} & set(request.headers)
    return request.content_type == "application/x-www-form-urlencoded" and not named


def _too_large(size: str, limit: int) -> RefusalError:
    return RefusalError(
        413,
        f"the body has {size} bytes and at most {limit} are taken; send a smaller one, or raise limits.request_bytes",
        code="request_too_large",
    )
