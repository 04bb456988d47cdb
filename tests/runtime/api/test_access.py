import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.access import Access, Visit, check
from runtime.api.refusal import RefusalError
from runtime.api.scopes import EVERYTHING, NOBODY, Caller, Scope, Scopes
from tests.support.keys import locked

LOCAL = Access(frozenset({"hearth.local"}))
LAN = locked("sesame-7", "hearth.local")
BEARER = "Bearer sesame-7"


def refusal(access: Access, visit: Visit) -> RefusalError | None:
    try:
        check(access, visit)
    except RefusalError as exc:
        return exc
    return None


def visit(
    *,
    method: str = "POST",
    accepts: Scopes = EVERYTHING,
    host: str | None = "localhost:8080",
    origin: str | None = None,
    fetch_site: str | None = None,
    fetch_mode: str | None = None,
    authorization: str | None = None,
) -> Visit:
    return Visit(method, accepts, host, origin, fetch_site, fetch_mode, authorization)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8080",
        "localhost.",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:8080",
        "hearth.local",
        None,
    ],
)
def test_our_own_names_and_programs_without_any_come_in(host: str | None) -> None:
    assert refusal(LOCAL, visit(host=host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "evil@localhost", "localhost@evil.example", "localhost/", "localhost:8080:1", "local host", "0.0.0.0",  # noqa: S104  a name that is refused
        "192.168.1.5", "[fe80::1]", "2130706433", "0x7f000001", "[::1", "::1", "l\u00f6calhost", "localhost\n",
    ],
)  # fmt: skip
def test_other_names_do_not(host: str) -> None:
    exc = refusal(LOCAL, visit(host=host))
    assert exc is not None
    assert (exc.status, exc.code) == (403, "host_not_allowed")


@pytest.mark.parametrize("host", ["192.168.1.5:8080", "[fd00::7]:8080", "10.0.0.1"])
def test_beyond_loopback_every_address_may_be_ours_but_still_no_strange_name(host: str) -> None:
    assert refusal(LAN, visit(host=host, authorization=BEARER)) is None
    strange = refusal(LAN, visit(host="evil.example", authorization=BEARER))
    assert strange is not None
    assert strange.status == 403


@pytest.mark.parametrize(
    ("origin", "site", "mode"),
    [
        (None, None, None),  # a program
        (None, "same-origin", "cors"),
        (None, "none", "navigate"),  # typed into the address bar
        ("http://localhost:8080", "same-origin", "cors"),
        ("https://LOCALHOST:8080", "same-origin", "cors"),  # behind a proxy that ends TLS
    ],
)
def test_our_own_page_and_programs_come_in(origin: str | None, site: str | None, mode: str | None) -> None:
    assert refusal(LOCAL, visit(origin=origin, fetch_site=site, fetch_mode=mode)) is None


@pytest.mark.parametrize(
    ("origin", "site", "mode"),
    [
        ("https://evil.example", "cross-site", "cors"),
        ("https://evil.example", None, None),
        ("http://localhost:3000", "same-site", "cors"),
        ("http://localhost", None, None),
        ("null", "cross-site", "cors"),
        ("", None, None),
        ("file://localhost:8080", None, None),
        ("null", None, None),  # a sandboxed frame, or a page that was redirected
        ("http://localhost:8081", None, None),
        ("http://127.0.0.1:8080", None, None),  # another name for us is another origin
        ("http://[::1]:8080", None, None),
        ("http://localhost:8080@evil.example", None, None),
        ("http://localhost:8080/", None, None),
        ("http://localhost:8080 https://evil.example", None, None),
        ("http://localhost:8080.evil.example", None, None),
        (None, "cross-site", "no-cors"),
        (None, "same-site", "no-cors"),
        (None, "cross-site", "navigate"),  # a form: it is a POST
    ],
)
def test_pages_of_other_sites_do_not(origin: str | None, site: str | None, mode: str | None) -> None:
    exc = refusal(LOCAL, visit(origin=origin, fetch_site=site, fetch_mode=mode))
    assert exc is not None
    assert (exc.status, exc.code) == (403, "origin_not_allowed")


@pytest.mark.parametrize("host", ["[::1]:8080", "[::1]", "[0:0:0:0:0:0:0:1]:8080", "[::ffff:127.0.0.1]:8080"])
def test_ipv6_addresses_are_names_like_others(host: str) -> None:
    mapped = "ffff" in host  # Python's own idea of loopback changed: what is asked is that it is no accident
    told = refusal(LOCAL, visit(host=host, origin=f"http://{host}"))
    assert told is None or (mapped and told.code == "host_not_allowed")


@pytest.mark.parametrize(
    "host", ["rebound.evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io", "[::1].evil"]
)
def test_a_name_that_was_bound_to_our_address_does_not_come_in_though_its_page_is_its_own(host: str) -> None:
    exc = refusal(LOCAL, visit(host=host, origin=f"http://{host}", fetch_site="same-origin"))
    assert exc is not None
    assert exc.code == "host_not_allowed"


def test_a_link_from_another_site_may_lead_here() -> None:
    assert refusal(LOCAL, visit(method="GET", fetch_site="cross-site", fetch_mode="navigate")) is None


@pytest.mark.parametrize(
    "authorization",
    [None, "", "sesame-7", "Basic sesame-7", "Bearer", "Bearer ", "Bearer sesame", "Bearer sesame-77",
     "Bearer SESAME-7", "Bearer \udcff", "Bearer sésame"],
)  # fmt: skip
def test_beyond_loopback_only_the_key_opens(authorization: str | None) -> None:
    exc = refusal(LAN, visit(authorization=authorization))
    assert exc is not None
    assert (exc.status, exc.code) == (401, "invalid_api_key")
    assert exc.headers == {"WWW-Authenticate": "Bearer"}
    assert "sesame" not in str(exc)


@pytest.mark.parametrize("authorization", [BEARER, "bearer sesame-7", "Bearer  sesame-7 "])
def test_the_key_opens(authorization: str) -> None:
    assert refusal(LAN, visit(authorization=authorization)) is None


def test_open_routes_need_no_key_but_our_name() -> None:
    assert refusal(LAN, visit(accepts=frozenset())) is None
    assert refusal(LAN, visit(accepts=frozenset(), host="evil.example")) is not None


class Guests:
    """A house where `tablet` and `phone` have keys of their own."""

    def holder(self, shown: str) -> Caller | None:
        known = {
            "k1": Caller("tablet", frozenset({Scope.CHAT})),
            "k2": Caller("phone", frozenset({Scope.CHAT, Scope.COMMAND})),
        }
        return known.get(shown)


@pytest.mark.parametrize("asked", [True, False])
def test_a_key_opens_what_it_is_good_for_and_nothing_else(asked: bool) -> None:  # noqa: FBT001  a table
    access = Access(keys=Guests(), asked=asked)
    for scope in Scope:
        wanted = visit(accepts=frozenset({scope}), authorization="Bearer k1")
        exc = refusal(access, wanted)
        assert (exc is None) is (scope is Scope.CHAT)
        if exc is not None:
            assert (exc.status, exc.code) == (403, "insufficient_scope")
            assert "'tablet' is good for chat" in str(exc)
            assert exc.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'
    assert check(access, visit(authorization="Bearer k2")) == Caller(
        "phone", frozenset({Scope.CHAT, Scope.COMMAND})
    )


def test_on_loopback_who_shows_no_key_or_any_other_may_do_everything() -> None:
    access = Access(keys=Guests())
    for authorization in (None, "Bearer none", "Basic k1", ""):
        assert check(access, visit(authorization=authorization)) == Caller("", EVERYTHING)


def test_on_an_open_route_who_shows_no_key_is_nobody() -> None:
    assert check(LAN, visit(accepts=frozenset())) == NOBODY
    assert check(LAN, visit(accepts=frozenset(), authorization=BEARER)).scopes == EVERYTHING


HEADER = st.none() | st.text(max_size=30)


@given(HEADER, HEADER, HEADER, HEADER, HEADER)
def test_any_headers_are_let_in_or_refused(
    host: str | None, origin: str | None, site: str | None, mode: str | None, authorization: str | None
) -> None:
    refusal(
        LAN, visit(host=host, origin=origin, fetch_site=site, fetch_mode=mode, authorization=authorization)
    )
