"""The document says what is served: all of it, nothing else, and truly."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runtime.api import page
from runtime.api.access import Access
from runtime.api.admin import logs
from runtime.api.kiosk import key, stream, voice
from runtime.api.openapi.document import document
from runtime.api.server import make_app
from runtime.api.serving import Serving
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.wire.asked import messages
from runtime.wire.fields import Fields
from tests.support.appliance import appliance
from tests.support.engine import EngineSimulator
from tests.support.keys import locked

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = int(os.environ.get("INGLE_API_EXAMPLES", "48"))
"""For each path; the coverage of all fields' edges comes on top."""


def test_every_path_is_documented_and_no_other() -> None:
    app = make_app(Serving(), limits=Limits(), access=Access())
    served = {
        (route.method.lower(), resource.canonical)
        for resource in app.router.resources()
        for route in resource
        if resource.canonical not in page.PATHS | {stream.PATH, key.PATH, voice.PATH, logs.LIVE_PATH}
        and route.method != "HEAD"
    }
    documented = {(method, path) for path, each in document()["paths"].items() for method in each}
    assert documented == served


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    told = document()
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(told))
    assert set(names) == set(told["components"]["schemas"])


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
MESSAGES: tuple[tuple[dict[str, Any], bool], ...] = (
    *(({"role": role, "content": "x"}, True) for role in ("system", "developer", "user", "assistant")),
    *(({"role": role}, False) for role in ("system", "developer", "user", "assistant", "tool", "robot")),
    ({"content": "x"}, False),
    ({"role": "robot", "content": "x"}, False),
    ({"role": None, "content": "x"}, False),
    ({"role": "user", "content": None}, False),
    ({"role": "user", "content": 7}, False),
    ({"role": "user", "content": [{"type": "text", "text": "x"}]}, True),
    ({"role": "user", "content": []}, True),
    ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, False),
    ({"role": "user", "content": [{"type": "text"}]}, False),
    ({"role": "user", "content": "x", "tool_calls": []}, True),
    ({"role": "user", "content": "x", "tool_calls": None}, True),
    ({"role": "user", "content": "x", "tool_calls": [CALL]}, False),
    ({"role": "user", "content": "x", "name": "Ann"}, True),
    ({"role": "assistant", "content": None}, False),
    ({"role": "assistant", "content": None, "tool_calls": []}, False),
    ({"role": "assistant", "content": None, "tool_calls": [CALL]}, True),
    ({"role": "assistant", "tool_calls": [CALL]}, True),
    ({"role": "assistant", "content": "x", "tool_calls": [CALL]}, True),
    ({"role": "assistant", "content": "x", "tool_calls": None}, True),
    ({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}, True),
    ({"role": "assistant", "tool_calls": [{"id": "1", "type": None, "function": CALL["function"]}]}, True),
    ({"role": "assistant", "tool_calls": [{"id": "", "function": CALL["function"]}]}, False),
    ({"role": "assistant", "tool_calls": [{"function": CALL["function"]}]}, False),
    ({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f"}}]}, False),
    ({"role": "assistant", "tool_calls": [{"id": "1", "type": "code", "function": CALL["function"]}]}, False),
    ({"role": "assistant", "content": "x", "reasoning_content": "hm"}, True),
    ({"role": "assistant", "content": "x", "reasoning_content": 7}, False),
    ({"role": "tool", "content": "x", "tool_call_id": "1"}, True),
    ({"role": "tool", "content": "x", "tool_call_id": ""}, False),
    ({"role": "tool", "content": "x", "tool_call_id": "1" * 129}, False),
    ({"role": "tool", "content": "x"}, False),
    ({"role": "tool", "tool_call_id": "1"}, False),
)


@pytest.mark.parametrize(("message", "good"), MESSAGES, ids=lambda value: json.dumps(value)[:80])
def test_a_message_is_told_as_it_is_taken(message: dict[str, Any], *, good: bool) -> None:
    told = Draft202012Validator({"$ref": "#/components/schemas/Message", **document()})
    assert told.is_valid(message) is good
    try:
        messages(Fields({"messages": [message]}), Limits())
    except CallerError:
        assert not good
    else:
        assert good


async def test_it_is_served_to_whoever_asks() -> None:
    async with (
        appliance(EngineSimulator(), access=locked("secret")) as served,
        served.client.get("/openapi.json") as response,
    ):
        assert response.status == 200
        assert await response.json() == document()


@pytest.mark.skipif("INGLENOOK_FROM_WHEEL" in os.environ, reason="the same code was asked in the source tree")
def test_nothing_that_it_allows_or_forbids_gets_an_answer_that_it_does_not_tell_of(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.model_listener"], stdout=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None
        address = listener.stdout.readline().strip()
        try:
            done = subprocess.run(
                [
                    *(program, "run", f"{address}/openapi.json", "--checks", CHECKS, "--no-color"),
                    *("--max-examples", str(EXAMPLES), "--suppress-health-check", "all"),
                    *("--generation-deterministic",),
                ],
                capture_output=True,
                text=True,
                cwd=tmp_path,
                check=False,
            )
        finally:
            listener.kill()
    assert done.returncode == 0, done.stdout[-8000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counted is not None, done.stdout[-2000:]
    print(f"{counted[1]} requests, {counted[2]} answered as documented")
    assert int(counted[1]) >= 20 * EXAMPLES
