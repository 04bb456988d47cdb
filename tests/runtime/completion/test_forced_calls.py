"""Calls that have to be made, in every dialect that writes JSON: whatever the model would rather say."""

from typing import Any

import pytest

from runtime.completion import (
    Called,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    Message,
    Thought,
    Tool,
)
from runtime.errors import CallerError
from runtime.text.tools import DIALECTS
from tests.runtime.completion.test_held import completer as thinker_of
from tests.runtime.completion.test_held import thinker
from tests.runtime.completion.test_tools import completer_of
from tests.support.dialects import WEATHER
from tests.support.templates import THINKING

pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

FAN = Tool(
    "fan",
    "Sets a fan.",
    {
        "$defs": {"speed": {"type": "integer", "minimum": 1, "maximum": 3}},
        "properties": {"speed": {"$ref": "#/$defs/speed"}},
        "required": ["speed"],
    },
)
TOOLS = (WEATHER, FAN)
USER = (Message("user", "It is hot."),)
JSON_DIALECTS = sorted(name for name, dialect in DIALECTS.items() if dialect and dialect.written)


async def play(made: Any, request: CompletionRequest) -> list[CompletionEvent]:
    return [event async for event in made.complete(request)]


@pytest.mark.parametrize("dialect", JSON_DIALECTS)
@pytest.mark.parametrize("wanted", ["I am sorry, I cannot.", '{"name": "fan"}', '<tool_call>{"name": "door"'])
@pytest.mark.parametrize("names", [("fan",), ("fan", "get_weather")])
async def test_one_of_them_is_called(dialect: str, wanted: str, names: tuple[str, ...]) -> None:
    request = CompletionRequest(USER, tools=TOOLS, must_call=names, max_tokens=400)
    *events, last = await play(completer_of(wanted, dialect=dialect), request)
    (called,) = [event for event in events if isinstance(event, Called)]
    assert called.call.name in names
    assert isinstance(last, Finished)
    assert (last.reason, last.refused) == ("tool_calls", ())
    assert not [event for event in events if isinstance(event, Delta)], "a call and nothing else"


async def test_thoughts_come_first() -> None:
    made, _ = thinker_of("<think>Hot, then.</think>", THINKING, thinker(), dialect="hermes")
    *events, last = await play(made, CompletionRequest(USER, tools=TOOLS, must_call=("fan",)))
    assert "".join(event.text for event in events if isinstance(event, Thought)) == "Hot, then."
    assert [event.call.name for event in events if isinstance(event, Called)] == ["fan"]
    assert isinstance(last, Finished)
    assert last.reason == "tool_calls"


async def test_python_has_no_form_for_arguments_that_are_no_list_of_names() -> None:
    either = Tool(
        "fan", "", {"type": "object", "anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}
    )
    with pytest.raises(CallerError, match="calls in Python") as caught:
        await play(
            completer_of("x", dialect="lfm2"),
            CompletionRequest(USER, tools=(either,), must_call=("fan",)),
        )
    assert caught.value.param == "tools"


async def test_room_for_half_a_call_makes_none() -> None:
    request = CompletionRequest(USER, tools=TOOLS, must_call=("fan",), max_tokens=5)
    *events, last = await play(completer_of("x"), request)
    assert not [event for event in events if isinstance(event, Called)]
    assert isinstance(last, Finished)
    assert last.reason == "length"
