"""Bodies that are not what they should be, to every path: refused in the dialect's own shape, never with a 5xx.

The paths are the router's own, so one that is added is held to this, too.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.api.access import Access
from runtime.api.server import make_app
from runtime.api.serving import Serving
from runtime.limits import ClientLimits, Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator

EXAMPLES = 300
DEEP = 100_000
JSON = "application/json"
ROUTES = sorted(
    resource.canonical
    for resource in make_app(Serving(), limits=Limits(), access=Access()).router.resources()
    for route in resource
    if route.method == "POST"
)
MALFORMED: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing": (b"", {}),
    "words": (b"turn on the light", {}),
    "half": (b'{"model": "tiny", "messages": [', {}),
    "two": (b"{}{}", {}),
    "a comment": (b'{"model": "tiny"} // really', {}),
    "a comma": (b'{"model": "tiny",}', {}),
    "not UTF-8": (b'{"model": "\xff\xfe"}', {}),
    "UTF-16": ('{"model": "tiny"}'.encode("utf-16"), {}),
    "UTF-16, said": ('{"model": "tiny"}'.encode("utf-16"), {"Content-Type": f"{JSON}; charset=utf-16"}),
    "an unknown charset": (b'{"model": 7}', {"Content-Type": f"{JSON}; charset=klingon"}),
    "a mark of byte order": (b'\xef\xbb\xbf{"model": "tiny"}', {}),
    "a surrogate": (rb'{"model": "\ud800", "messages": [{"role": "user", "content": "\udfff"}]}', {}),
    "a surrogate's key": (rb'{"\ud800": 1}', {}),
    "NaN": (b'{"temperature": NaN, "model": "tiny"}', {}),
    "Infinity": (b'{"temperature": -Infinity}', {}),
    "a huge number": (b'{"max_tokens": 1e400}', {}),
    "many digits": (b'{"max_tokens": %s}' % (b"9" * 10_000), {}),
    "a long fraction": (b'{"temperature": 0.%s}' % (b"1" * 10_000), {}),
    "a key twice": (b'{"model": "tiny", "model": "other"}', {}),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, {}),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, {}),
    "deep and open": (b'{"messages":' + b"[" * DEEP, {}),
    "a list": (b"[]", {}),
    "null": (b"null", {}),
    "a string": (b'"hello"', {}),
    "a number": (b"-0", {}),
    "a zero byte": (b'{"model": "tiny\x00"}', {}),
    "a form": (b"model=tiny", {"Content-Type": "multipart/form-data; boundary=x"}),
    "text": (b"{}", {"Content-Type": "text/plain"}),
    "another charset": (b"{}", {"Content-Type": "application/json; charset=utf-16"}),
    "no type": (b"{}", {"Content-Type": ""}),
    "gzip": (gzip.compress(b"{}"), {"Content-Encoding": "gzip"}),
    "a gzip bomb": (gzip.compress(b" " * (64 << 20)), {"Content-Encoding": "gzip"}),
    "deflate": (zlib.compress(b" " * (64 << 20)), {"Content-Encoding": "deflate"}),
    "two encodings": (b"{}", {"Content-Encoding": "gzip, br"}),
    "an unknown encoding": (b"{}", {"Content-Encoding": "identity-ish"}),
    "too much": (b'{"model": "%s"}' % (b"a" * (2 << 20)), {}),
}

WORDS = """
    messages model prompt input text texts query documents stream options format tools tool_choice n stop seed
    temperature top_p max_tokens response_format logit_bias logprobs keep_alive think images suffix user content
    tokens role name device capability value id session area expiry_s at dimensions encoding_format raw system
    context template insecure source destination echo best_of stream_options json_schema structured_outputs
"""
NAMES = st.sampled_from(WORDS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["tiny", "user", "assistant", "../../etc/passwd", "\ud800", "\x00", "json", "5m", "auto"]
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=6)
BYTES = st.binary(max_size=64) | st.text(max_size=64).map(lambda text: text.encode("utf-8", "surrogatepass"))


async def post(served: Appliance, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    sent = {"Content-Type": JSON} | headers
    async with served.client.post(
        path, data=body, headers=sent, skip_auto_headers=["Content-Type"]
    ) as response:
        return response.status, await response.read()


def check(path: str, status: int, answer: bytes) -> None:
    """A refusal has the shape of its dialect, and is about the caller."""
    assert status < 500, (path, status, answer[:300])
    if status >= 400:
        error: Any = json.loads(answer)["error"]
        if path.startswith("/api/"):
            assert isinstance(error, str)
        else:
            assert error.keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("name", MALFORMED)
async def test_no_path_stumbles_over_a_body(name: str) -> None:
    body, headers = MALFORMED[name]
    async with appliance(EngineSimulator(script("Hi."))) as served:
        for path in ROUTES:
            status, answer = await post(served, path, body, headers)
            check(path, status, answer)
            bare = name in {"nothing", "no type"}  # some of Ollama's take no body, and curl's word for JSON
            assert status >= 400 or (path.startswith("/api/") and bare), (path, name, status)
        assert (await served.ask())[0] == 200


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def served(runner: asyncio.Runner) -> Iterator[Appliance]:
    room = appliance(EngineSimulator(script("Hi.")), clients=ClientLimits(0, 0, 0, 0))
    yield runner.run(room.__aenter__())
    runner.run(room.__aexit__(None, None, None))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(ROUTES), body=BODIES)
def test_whatever_the_fields_say_it_is_no_fault_of_ours(
    runner: asyncio.Runner, served: Appliance, path: str, body: dict[str, Any]
) -> None:
    data = json.dumps(body).encode()
    check(path, *runner.run(post(served, path, data, {})))


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(path=st.sampled_from(ROUTES), body=BYTES)
def test_whatever_the_bytes_are_it_is_no_fault_of_ours(
    runner: asyncio.Runner, served: Appliance, path: str, body: bytes
) -> None:
    check(path, *runner.run(post(served, path, body, {})))
