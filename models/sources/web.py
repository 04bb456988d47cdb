"""HTTP as fetching models needs it: certificates checked, secrets kept to their host, failures in sentences.

Knows one GET; does not know ranges, hashes or retries (`models.sources.download`). The standard library
does the work: it reads the system's certificates (SSL_CERT_FILE and SSL_CERT_DIR move them) and the usual
proxy variables.
"""

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from typing import IO, Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from models.errors import FetchError

_AGENT: Final = "inglenook"
_WORTH_RETRYING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_NETWORK_ERRORS: Final = (OSError, http.client.HTTPException)


class StatusError(FetchError):
    """The server answered, with something other than what was asked for."""

    def __init__(self, url: str, status: int, advice: str) -> None:
        super().__init__(f"{urlsplit(url).hostname} answered {status} for {urlsplit(url).path}; {advice}")
        self.status = status


class TransientError(FetchError):
    """The network or the server failed in a way that may pass."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def get(url: str, *, headers: Mapping[str, str], timeout_s: float) -> http.client.HTTPResponse:
    """Open `url` (http or https, user:password@ allowed) and return the response, its body unread.

    Redirects are followed, never from https to http, and `Authorization` goes to the first host only.

    Raises:
        StatusError: a 4xx answer.
        TransientError: no connection, or an answer that says "later".
        FetchError: not an HTTP address, or a certificate that cannot be trusted.
    """
    bare, secret = _split_userinfo(url)
    if urlsplit(bare).scheme not in {"http", "https"} or not urlsplit(bare).hostname:
        raise FetchError(f"{bare} is not an http or https address; correct it and try again")
    fields = {"User-Agent": _AGENT, **headers, **secret}
    request = urllib.request.Request(bare, headers=fields)  # noqa: S310  the scheme is checked above
    try:
        response: http.client.HTTPResponse = _opener().open(request, timeout=timeout_s)
    except urllib.error.HTTPError as exc:
        with closing(exc):
            raise _refusal(bare, exc) from exc
    except FetchError:  # an OSError too, but already a sentence
        raise
    except _NETWORK_ERRORS as exc:
        raise _unreachable(bare, exc) from exc
    return response


def read(response: http.client.HTTPResponse, size: int) -> bytes:
    """Up to `size` bytes of the body, b"" at its end.

    Raises:
        TransientError: the connection broke.
    """
    try:
        return response.read(size)
    except _NETWORK_ERRORS as exc:
        raise TransientError(
            f"the connection broke ({_reason(exc)}); run the same command again to go on"
        ) from exc


def get_text(url: str, *, accept: str, timeout_s: float, limit: int) -> tuple[str, str]:
    """A small document: its media type and its text.

    Raises:
        FetchError: as `get`; or it has more than `limit` bytes, or is not UTF-8.
    """
    with get(url, headers={"Accept": accept}, timeout_s=timeout_s) as response:
        body = b""
        while block := read(response, 1 << 16):
            body += block
            if len(body) > limit:
                raise FetchError(
                    f"{urlsplit(url).hostname} sent more than {limit} bytes where a short list was expected"
                )
        kind = response.headers.get_content_type()
    try:
        return kind, body.decode()
    except UnicodeDecodeError as exc:
        raise FetchError(
            f"{urlsplit(url).hostname} sent something that is not text; check the address"
        ) from exc


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects without giving away encryption or credentials."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        # Not req.type and req.host: behind a proxy they are the proxy's.
        old, target = urlsplit(req.full_url), urlsplit(newurl)
        if old.scheme == "https" and target.scheme != "https":
            raise FetchError(
                f"{old.hostname} redirects to {target.hostname} without encryption; use another source"
            )
        new = super().redirect_request(req, fp, code, msg, headers, newurl)
        if new is not None and target.netloc != old.netloc:
            new.remove_header("Authorization")
        return new


def _opener() -> urllib.request.OpenerDirector:
    """Unlike `urllib.request.build_opener`, without file: and ftp:, where a redirect must never lead."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        _Redirects(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _split_userinfo(url: str) -> tuple[str, dict[str, str]]:
    """Move user:password@ out of the address: urllib would look it up as part of the host's name."""
    parts = urlsplit(url)
    if parts.username is None:
        return url, {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    token = base64.b64encode(pair.encode()).decode()
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, {"Authorization": f"Basic {token}"}


def _refusal(url: str, exc: urllib.error.HTTPError) -> FetchError:
    if exc.code in _WORTH_RETRYING:
        after = exc.headers.get("Retry-After", "")
        wait = float(after) if after.isdecimal() else None
        return TransientError(
            f"{urlsplit(url).hostname} answered {exc.code}; try again later", retry_after_s=wait
        )
    if exc.code in {401, 403}:
        return StatusError(url, exc.code, "log in, or check that you may read it")
    return StatusError(url, exc.code, "check the name and the version")


def _unreachable(url: str, exc: Exception) -> FetchError:
    reason = exc.reason if isinstance(exc, urllib.error.URLError) else exc
    host = urlsplit(url).hostname
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(
            f"the certificate of {host} cannot be trusted ({reason.verify_message}); "
            "install the ca-certificates package, check the clock, or set SSL_CERT_FILE"
        )
    return TransientError(f"cannot reach {host} ({_reason(reason)}); check the network and try again")


def _reason(exc: object) -> str:
    if isinstance(exc, TimeoutError):
        return "it did not answer in time"
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
