"""What callers hold answers to: every way of saying it, every way of saying it wrong, and the answers over a socket."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import openai
import pydantic
import pytest

from runtime.api.openai.schema import parse
from runtime.completion import Choice, Constraint, JsonSchema, Lark, Regex
from runtime.errors import CallerError
from runtime.limits import Limits
from tests.runtime.api.openai.test_tools import LAMP
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest

pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

HELLO: Any = [{"role": "user", "content": "Light in the kitchen, please."}]
SCHEMA = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
OBJECT = JsonSchema.of({"type": "object"})


def held(**fields: Any) -> Constraint | None:
    return parse({"messages": HELLO, **fields}, Limits()).completion.constraint


def response_format(**fields: Any) -> Any:
    return {"response_format": {"type": "json_schema", "json_schema": fields}}


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({}, None),
        ({"response_format": None, "structured_outputs": None, "grammar": ""}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, OBJECT),
        ({"response_format": {"type": "json_object", "schema": SCHEMA}}, JsonSchema.of(SCHEMA)),
        (response_format(name="lamp", strict=True, schema=SCHEMA), JsonSchema.of(SCHEMA)),
        (response_format(name="lamp", description="A lamp.", strict=None), OBJECT),
        ({"json_schema": SCHEMA}, JsonSchema.of(SCHEMA)),
        ({"structured_outputs": {"json": SCHEMA}}, JsonSchema.of(SCHEMA)),
        ({"structured_outputs": {"json_object": True}}, OBJECT),
        ({"structured_outputs": {"regex": "a+", "json_object": False}}, Regex("a+")),
        ({"structured_outputs": {"choice": ["on", "off"]}}, Choice(("on", "off"))),
        ({"structured_outputs": {"grammar": 'start: "a"'}}, Lark('start: "a"')),
    ],
)
def test_every_way_of_saying_it(fields: dict[str, Any], constraint: Constraint | None) -> None:
    assert held(**fields) == constraint


@pytest.mark.parametrize(
    ("fields", "param", "hint"),
    [
        ({"response_format": "json"}, "response_format", "send an object"),
        ({"response_format": {}}, "response_format.type", "json_schema"),
        ({"response_format": {"type": "json-object"}}, "response_format.type", "send json_object"),
        ({"response_format": {"type": "json_object", "shema": {}}}, "response_format.shema", "send schema"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "send an object"),
        (response_format(name="a", schema=[]), "response_format.json_schema.schema", "JSON Schema"),
        (response_format(name="a", schemas={}), "response_format.json_schema.schemas", "send schema"),
        (response_format(name=7), "response_format.json_schema.name", "string"),
        (response_format(name="a", strict="yes"), "response_format.json_schema.strict", "true or false"),
        ({"json_schema": 7}, "json_schema", "JSON Schema"),
        ({"structured_outputs": {}}, "structured_outputs", "send one of"),
        ({"structured_outputs": {"regex": "a", "choice": ["a"]}}, "structured_outputs", "send one of"),
        ({"structured_outputs": {"choices": ["a"]}}, "structured_outputs.choices", "send choice"),
        ({"structured_outputs": {"choice": "a"}}, "structured_outputs.choice", "list of strings"),
        ({"structured_outputs": {"choice": ["a", 7]}}, "structured_outputs.choice[1]", "string"),
        ({"structured_outputs": {"regex": 7}}, "structured_outputs.regex", "string"),
        ({"structured_outputs": {"json_object": 1}}, "structured_outputs.json_object", "send true"),
        ({"grammar": "root ::= x"}, "grammar", "structured_outputs.grammar"),
        ({"guided_choice": ["a"]}, "guided_choice", "structured_outputs.choice"),
        ({"json_schema": {}, "response_format": {"type": "json_object"}}, "json_schema", "send one of them"),
    ],
)
def test_every_way_of_saying_it_wrong(fields: dict[str, Any], param: str, hint: str) -> None:
    with pytest.raises(CallerError) as caught:
        held(**fields)
    assert caught.value.param == param
    assert hint in str(caught.value)


@asynccontextmanager
async def answering(text: str) -> AsyncGenerator[tuple[Appliance, openai.AsyncOpenAI]]:
    """A model that wants to say this."""
    engine = EngineSimulator(script(text), loaded=tiny_manifest(tool_dialect="hermes", context_length=4096))
    async with (
        appliance(engine) as served,
        openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield served, client


class Command(pydantic.BaseModel):
    """What a client's own class makes of a schema."""

    device: Literal["kitchen lamp", "fan"]
    level: int = pydantic.Field(ge=0, le=100)
    note: str | None


async def test_the_openai_package_gets_its_class_back() -> None:
    async with answering('{"device": "fan", "level": 70, "note": null}') as (_, client):
        answer = await client.chat.completions.parse(model="tiny", messages=HELLO, response_format=Command)
        assert answer.choices[0].finish_reason == "stop"
        assert answer.choices[0].message.parsed == Command(device="fan", level=70, note=None)


async def test_a_model_that_wants_to_say_something_else_cannot() -> None:
    async with answering("Sure! Here is your JSON: 7") as (_, client):
        answer = await client.chat.completions.create(
            model="tiny", messages=HELLO, **response_format(name="lamp", schema=SCHEMA)
        )
        assert json.loads(answer.choices[0].message.content or "").keys() >= {"on"}
        stream = await client.chat.completions.create(
            model="tiny",
            messages=HELLO,
            stream=True,
            extra_body={"structured_outputs": {"choice": ["on", "off"]}},
        )
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        assert "".join(parts) in {"on", "off"}


async def test_what_cannot_be_kept_is_a_400_that_names_the_place() -> None:
    async with answering("x") as (served, _):
        for fields, param, word in (
            ({"json_schema": {"not": {}}}, "json_schema", '"not"'),
            (
                response_format(name="a", schema={"minimum": 5, "maximum": 4, "type": "number"}),
                "schema",
                "minimum",
            ),
            ({"structured_outputs": {"regex": "(a{1000}){1000}"}}, "structured_outputs.regex", "letters"),
            ({"structured_outputs": {"regex": "a"}, "tools": [LAMP]}, "regex", "one of the two"),
        ):
            status, body = await served.ask(**fields)
            assert status == 400
            assert body["error"]["param"].endswith(param)
            assert word in body["error"]["message"]
        assert (await served.ask())[0] == 200
