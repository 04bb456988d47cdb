"""Who may call: rules over header values, without I/O.

Three gates, each shut unless a rule opens it. The Host header must name this machine, so that a web page
cannot reach us through a name it controls (DNS rebinding). A request that a browser sends for another
site's page is refused, and no CORS header is ever given. Beyond loopback a key is needed, on every route
that is not on the short list of open ones.
"""

import hmac
import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from runtime.api.refusal import RefusalError
from runtime.strict_json import shown

_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Access:
    """What the owner decided."""

    hosts: frozenset[str] = frozenset()
    """Names, in lower case, that this machine answers to besides localhost and its addresses."""
    key: str | None = None
    """The key that callers must show. None only while the listener is bound to loopback."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The part of a request that the rules look at; None is an absent header."""

    method: str
    open_route: bool
    """No key needed: health, and the static files of the page."""
    host: str | None
    origin: str | None = None
    fetch_site: str | None = None
    fetch_mode: str | None = None
    authorization: str | None = None


def check(access: Access, visit: Visit) -> None:
    """Return if the visit may go on.

    Raises:
        RefusalError: 403 for the wrong host or origin, 401 for a missing or wrong key.
    """
    _check_host(access, visit.host)
    _check_origin(visit)
    _check_key(access, visit)


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
    return address.is_loopback or access.key is not None


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


def _check_key(access: Access, visit: Visit) -> None:
    if access.key is None or visit.open_route:
        return
    scheme, _, shown_key = (visit.authorization or "").partition(" ")
    # Compared as bytes: compare_digest refuses text beyond ASCII.
    same = hmac.compare_digest(shown_key.strip().encode("utf-8", "surrogateescape"), access.key.encode())
    if scheme.lower() != "bearer" or not same:
        problem = "the key is wrong" if visit.authorization else "a key is needed"
        raise RefusalError(
            401,
            f"{problem}; send the appliance's key as 'Authorization: Bearer KEY'",
            code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )
