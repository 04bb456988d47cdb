"""Who may call: rules over header values, without I/O.

Three gates, each shut unless a rule opens it. The Host header must name this machine, so that a web page
cannot reach us through a name it controls (DNS rebinding). A request that a browser sends for another
site's page is refused, and no CORS header is ever given. Beyond loopback a key is needed, good for what
is asked, on every route that is not on the short list of open ones.
"""

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.api.refusal import RefusalError
from runtime.api.scopes import NOBODY, Caller, Scopes
from runtime.strict_json import shown

_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


_OFFERED: Final = "inglenook.key."


class Keys(Protocol):
    """The keys there are."""

    def holder(self, shown: str) -> Caller | None:
        """Whose key this is; None if it is nobody's. Takes as long whoever it is."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """What the owner decided."""

    hosts: frozenset[str] = frozenset()
    """Names, in lower case, that this machine answers to besides localhost and its addresses."""
    keys: Keys | None = None
    """Who is known by a key."""
    asked: bool = False
    """Whether a key must be shown. False only while the listener is bound to loopback: there everybody may do
    everything, but a key that is known has its own name and no more than its scopes."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The part of a request that the rules look at; None is an absent header."""

    method: str
    accepts: Scopes
    """One of these is needed; none: it is open to all, as health and the static files of the page are."""
    host: str | None
    origin: str | None = None
    fetch_site: str | None = None
    fetch_mode: str | None = None
    authorization: str | None = None


def offered(protocols: str | None) -> str | None:
    """The key among the protocols that a WebSocket offers, as the Authorization that it stands for.

    Browsers let no page put another header on one. It is written in base64url, without padding (RFC 4648, 5).
    """
    for each in (protocols or "").split(","):
        if (name := each.strip()).startswith(_OFFERED):
            written = name.removeprefix(_OFFERED)
            try:
                return f"Bearer {base64.b64decode(written + '=' * (-len(written) % 4), b'-_', validate=True).decode()}"
            except (binascii.Error, UnicodeDecodeError):
                return "Bearer"  # something was shown, and it is no key
    return None


def check(access: Access, visit: Visit) -> Caller:
    """Who it is, if the visit may go on.

    Raises:
        RefusalError: 403 for the wrong host or origin, 401 for a missing or wrong key, 403 for one that is not good
            for this.
    """
    _check_host(access, visit.host)
    _check_origin(visit)
    return _check_key(access, visit)


def admits(access: Access, visit: Visit) -> bool:
    """Whether the visit may still go on: while it does, its key may have been taken back."""
    try:
        check(access, visit)
    except RefusalError:
        return False
    return True


def _check_host(access: Access, host: str | None) -> None:
    if host is None:  # HTTP/1.0, from a probe perhaps: every browser names a host
        return
    match = _HOST.fullmatch(host)
    name = match["name"].lower().rstrip(".") if match else ""
    if name and (name == "localhost" or name in access.hosts or _is_our_address(name, access)):
        return
    raise RefusalError(
        403,
        f"this appliance does not go by the name {shown(host)}; "
        "call it by its address, or add the name to server.allowed_hosts",
        code="host_not_allowed",
    )


def _is_our_address(name: str, access: Access) -> bool:
    """Whether the host is an address that can be ours.

    No name service stands between a browser and a literal address, so it cannot be rebound. Without a key we listen on
    loopback only, and no other address can have led here.
    """
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or access.asked


def _check_origin(visit: Visit) -> None:
    navigates = visit.method in {"GET", "HEAD"} and visit.fetch_mode == "navigate"
    foreign = visit.fetch_site in {"cross-site", "same-site"} and not navigates
    host = (visit.host or "").lower()
    own = {None, f"http://{host}", f"https://{host}"}
    if foreign or (visit.origin and visit.origin.lower()) not in own:
        raise RefusalError(
            403,
            "a web page of another site may not use this appliance; open the appliance's own page, "
            "or call it from a program",
            code="origin_not_allowed",
        )


def _check_key(access: Access, visit: Visit) -> Caller:
    scheme, _, shown_key = (visit.authorization or "").partition(" ")
    known = None
    if access.keys is not None and scheme.lower() == "bearer":
        known = access.keys.holder(shown_key.strip())
    if not visit.accepts:
        return known or NOBODY
    if known is None:
        if not access.asked:
            return Caller()
        problem = "the key is wrong" if visit.authorization else "a key is needed"
        raise RefusalError(
            401,
            f"{problem}; send the appliance's key as 'Authorization: Bearer KEY'",
            code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )
    need(known, visit.accepts)
    return known


def need(known: Caller, accepts: Scopes) -> None:
    """Let pass who has one of these scopes.

    Raises:
        RefusalError: 403, with what it takes.
    """
    if known.scopes.isdisjoint(accepts):
        wanted = " or ".join(sorted(accepts))
        raise RefusalError(
            403,
            f"the key {known.name!r} is good for {', '.join(sorted(known.scopes))}, and this takes {wanted}; "
            "show another key, or have the owner make one with `ingle key add`",
            code="insufficient_scope",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
        )
