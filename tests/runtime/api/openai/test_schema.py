import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.openai.schema import ChatRequest, parse
from runtime.completion import CompletionRequest, Message, Priority, SamplingOptions, ToolCall
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import parse as parse_json

HELLO = [{"role": "user", "content": "Hello"}]
CALL: dict[str, Any] = {
    "id": "1",
    "type": "function",
    "function": {"name": "lamp", "arguments": '{"on": true}'},
}
LAMP: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "lamp",
        "description": "Switches the lamp.",
        "parameters": {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
    },
}
LIMITS = Limits(messages=4, tools=3, stop_strings=3, stop_string_bytes=8)

KEYS = (
    "model", "messages", "stream", "stream_options", "return_progress", "max_tokens", "max_completion_tokens",
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty",
    "logit_bias", "seed", "stop", "n", "tools", "tool_choice", "parallel_tool_calls", "response_format", "logprobs",
    "structured_outputs", "json_schema", "grammar", "guided_choice",
    "user", "enable_thinking", "chat_template_kwargs", "priority",
)  # fmt: skip
NAMES = (
    *(
        "role",
        "content",
        "type",
        "text",
        "include_usage",
        "7",
        "tool_calls",
        "tool_call_id",
        "function",
        "name",
    ),
    *("arguments", "parameters", "id", "enable_thinking"),
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["user", "tool", "assistant", "function", "auto", "text", "{}", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)


def ask(**fields: Any) -> ChatRequest:
    return parse({"messages": HELLO, **fields}, LIMITS)


def calls(*made: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(made)}


NO_ARGUMENTS: tuple[object, ...] = ({}, None, "[]", "{", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 50)


def called_with(arguments: object) -> dict[str, Any]:
    return {**CALL, "function": {"name": "lamp", "arguments": arguments}}


def refused(**fields: Any) -> CallerError:
    with pytest.raises(CallerError) as caught:
        ask(**fields)
    return caught.value


def outcome(body: object) -> ChatRequest | CallerError:
    """Anything else that is raised fails the test."""
    try:
        return parse(body, LIMITS)
    except CallerError as exc:
        return exc


@given(ANYTHING | st.dictionaries(st.sampled_from(KEYS), ANYTHING))
def test_any_value_is_a_request_or_a_callers_error(body: object) -> None:
    match outcome(body):
        case CallerError() as exc:
            assert str(exc).isprintable()
        case ChatRequest() as asked:
            for message in asked.completion.messages:
                message.content.encode()
                message.reasoning.encode()


@given(st.dictionaries(st.sampled_from([key for key in KEYS if key != "messages"]), ANYTHING))
def test_any_fields_around_sound_messages_are_a_request_or_a_callers_error(fields: dict[str, Any]) -> None:
    before = copy.deepcopy(fields)
    match outcome({"messages": HELLO, **fields}):
        case CallerError() as exc:
            assert exc.param is not None
            assert any(exc.param.startswith(key) for key in fields)
        case ChatRequest() as asked:
            assert asked.completion.messages == ask().completion.messages
    assert repr(fields) == repr(before)


def test_the_least_request() -> None:
    assert ask() == ChatRequest(None, CompletionRequest(messages=(Message("user", "Hello"),)))


def test_null_is_not_given() -> None:
    assert ask(**dict.fromkeys(set(KEYS) - {"messages"})) == ask()


def test_every_field_arrives() -> None:
    asked = ask(
        model="m",
        stream=True,
        stream_options={"include_usage": True},
        return_progress=True,
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        min_p=0.1,
        repetition_penalty=1.1,
        presence_penalty=-1,
        frequency_penalty=2,
        logit_bias={"7": -100, "8": 1.5},
        seed=42,
        stop=["a", "b"],
        n=1,
    )
    assert asked == ChatRequest(
        model="m",
        stream=True,
        include_usage=True,
        return_progress=True,
        completion=CompletionRequest(
            messages=(Message("user", "Hello"),),
            max_tokens=5,
            sampling=SamplingOptions(0.5, 0.9, 40, 0.1, 1.1, -1.0, 2.0, ((7, -100.0), (8, 1.5)), 42),
            stop=("a", "b"),
        ),
    )


def test_developer_is_system_and_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": parts}]
    assert ask(messages=messages).completion.messages == (
        Message("system", "Be brief."),
        Message("user", "One\nTwo"),
    )


def test_a_single_stop_string_is_a_list_of_one() -> None:
    assert ask(stop="\n").completion.stop == ("\n",)


def test_who_goes_first() -> None:
    for word, priority in (
        ("command", Priority.COMMAND),
        ("chat", Priority.CHAT),
        ("background", Priority.BACKGROUND),
        (None, Priority.CHAT),
    ):
        assert ask(priority=word).completion.priority is priority
    assert str(refused(priority=0)) == "priority is 0; send one of command, chat, background"


def test_the_newer_name_of_max_tokens() -> None:
    assert ask(max_completion_tokens=7).completion.max_tokens == 7
    assert ask(max_completion_tokens=7, max_tokens=7.0).completion.max_tokens == 7
    assert refused(max_completion_tokens=7, max_tokens=8).param == "max_tokens"


def test_what_the_engine_writes_in_another_way() -> None:
    assert ask(top_k=-1).completion.sampling.top_k == 0
    assert ask(seed=-1).completion.sampling.seed == 2**64 - 1
    assert 0 < (ask(top_p=0).completion.sampling.top_p or 0) < 1e-5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", -0.1), ("temperature", 2.1), ("temperature", "hot"), ("temperature", True),
        ("temperature", float("nan")), ("temperature", float("inf")),
        ("top_p", 1.5), ("top_p", -1), ("top_k", 1.5), ("top_k", -2), ("min_p", 2),
        ("repetition_penalty", 0), ("presence_penalty", 3), ("frequency_penalty", -3),
        ("max_tokens", 0), ("max_tokens", -1), ("max_tokens", 10**18), ("max_tokens", 1.5), ("max_tokens", "5"),
        ("seed", 2**63), ("seed", 0.5), ("stream", 1), ("stream", "true"), ("model", 7), ("model", "\ud800"),
        ("n", 9), ("n", 0), ("n", []), ("n", "1"), ("n", {}), ("stream_options", []), ("return_progress", 1),
        ("stop", 7), ("stop", ["", "a"]), ("stop", ["x" * 9]), ("stop", ["a"] * 4),
        ("logit_bias", []), ("logit_bias", {"x": 1}), ("logit_bias", {"-1": 1}), ("logit_bias", {"\u0661": 1}),
        ("logit_bias", {"9" * 500: 1}),
        ("priority", "urgent"), ("priority", "COMMAND"), ("priority", ""), ("priority", 0), ("priority", ["command"]),
        ("messages", []), ("messages", "Hello"), ("messages", None), ("messages", HELLO * 5),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_type_or_out_of_range_is_named(field: str, value: object) -> None:
    exc = refused(**{field: value})
    assert exc.param == field
    assert field in str(exc)
    assert len(str(exc)) < 200


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("Hello", "messages[1]"),
        ({}, "messages[1].role"),
        ({"role": "alien", "content": "x"}, "messages[1].role"),
        ({"role": [], "content": "x"}, "messages[1].role"),
        ({"role": "function", "content": "x"}, "messages[1].role"),
        ({"role": "tool", "content": "x"}, "messages[1].tool_call_id"),
        ({"role": "tool", "content": "x", "tool_call_id": ""}, "messages[1].tool_call_id"),
        ({"role": "user", "content": "x", "tool_calls": [CALL]}, "messages[1].tool_calls"),
        ({"role": "assistant", "content": None, "tool_calls": []}, "messages[1].content"),
        (calls({}), "messages[1].tool_calls[0].function"),
        (calls({**CALL, "id": None}), "messages[1].tool_calls[0].id"),
        (calls({**CALL, "type": "custom"}), "messages[1].tool_calls[0].type"),
        (calls(CALL, {**CALL, "function": {"arguments": "{}"}}), "messages[1].tool_calls[1].function.name"),
        *(
            (calls(called_with(arguments)), "messages[1].tool_calls[0].function.arguments")
            for arguments in NO_ARGUMENTS
        ),
        ({"role": "assistant", "content": "x", "reasoning_content": 7}, "messages[1].reasoning_content"),
        ({"role": "user"}, "messages[1].content"),
        ({"role": "user", "content": 7}, "messages[1].content"),
        ({"role": "user", "content": "half \ud83d"}, "messages[1].content"),
        ({"role": "user", "content": ["x"]}, "messages[1].content[0]"),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
            "messages[1].content[0].type",
        ),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[1].content[0].text"),
    ],
)
def test_the_place_in_a_message_is_named(message: object, param: str) -> None:
    exc = refused(messages=[*HELLO, message])
    assert exc.param == param
    assert param in str(exc)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("functions", [{}]), ("modalities", ["text", "audio"]), ("audio", {"voice": "x"})),
        *(
            ("web_search_options", {}),
            ("images", ["x"]),
            ("system", "x"),
            ("min_tokens", 5),
            ("ignore_eos", True),
        ),
        *(("stop_token_ids", [1]), ("bad_words", ["x"]), ("prediction", {"type": "content"})),
        *(
            ("thinking", {"type": "enabled"}),
            ("reasoning_effort", "high"),
            ("format", "json"),
            ("options", {"a": 1}),
        ),
        *(("repeat_penalty", 1.1), ("continue_final_message", True), ("add_generation_prompt", False)),
        *(("chat_template", "x"), ("mirostat", 2), ("typical_p", 0.5), ("samplers", "kp"), ("best_of", 2)),
        *(("echo", True), ("suffix", "x"), ("n_predict", 3), ("max_output_tokens", 3)),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(field: str, value: object) -> None:
    exc = refused(**{field: value})
    assert exc.param == field
    assert str(exc).startswith(f"{field} is not served: ")


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        *(("max_token", "max_tokens"), ("tempertaure", "temperature"), ("respose_format", "response_format")),
        *(("maxTokens", "max_tokens"), ("top-p", "top_p"), ("tool", "tools"), ("Seed", "seed")),
    ],
)
def test_a_slip_in_a_name_is_told(field: str, meant: str) -> None:
    exc = refused(**{field: 1})
    assert exc.param == field
    assert str(exc) == f"{field} is not known; did you mean {meant}?"


def test_names_that_are_like_none_cost_no_time_and_change_nothing() -> None:
    many = {f"zzz{number}": 1 for number in range(100_000)}
    assert ask(**many) == ask()
    assert ask(**{"max_tokens_" * 1000: 1}) == ask()


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [], "tool_choice": "auto"},
        {"response_format": {"type": "text"}},
        {"logprobs": False, "top_logprobs": 0},
        {"user": "me", "metadata": {"a": 1}, "store": False, "service_tier": "auto", "made_up": [1]},
    ],
)
def test_what_asks_for_nothing_is_ignored(fields: dict[str, Any]) -> None:
    assert ask(**fields) == ask()


def test_tools_arrive() -> None:
    (tool,) = ask(tools=[LAMP]).completion.tools
    assert (tool.name, tool.description) == ("lamp", "Switches the lamp.")
    assert tool.parameters == LAMP["function"]["parameters"]
    assert ask(tools=[LAMP], tool_choice="auto") == ask(tools=[LAMP])
    assert ask(tools=[LAMP], tool_choice="none").completion.tools == ()
    assert ask(tools=[LAMP]).completion.parallel_calls
    assert not ask(tools=[LAMP], parallel_tool_calls=False).completion.parallel_calls


def test_a_tool_without_parameters_takes_none() -> None:
    (tool,) = ask(tools=[{"type": "function", "function": {"name": "now"}}]).completion.tools
    assert tool.parameters == {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        (7, "tools[0]"),
        ({}, "tools[0].function"),
        ({"type": "custom", "custom": {}}, "tools[0].type"),
        ({"function": {}}, "tools[0].function.name"),
        ({"function": {"name": 7}}, "tools[0].function.name"),
        ({"function": {"name": "a", "description": 7}}, "tools[0].function.description"),
        ({"function": {"name": "a", "parameters": []}}, "tools[0].function.parameters"),
    ],
)
def test_the_place_in_a_tool_is_named(tool: object, param: str) -> None:
    assert refused(tools=[tool]).param == param


def test_a_call_can_be_forced() -> None:
    fan = {"type": "function", "function": {"name": "fan"}}
    for choice, names in (
        ("required", ("lamp", "fan")),
        (fan, ("fan",)),
        ("auto", ()),
        ("none", ()),
        (None, ()),
    ):
        assert ask(tools=[LAMP, fan], tool_choice=choice).completion.must_call == names


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ("any", "tool_choice"),
        ({"type": "allowed_tools"}, "tool_choice"),
        (7, "tool_choice"),
        ({"type": "function"}, "tool_choice.function"),
        ({"type": "function", "function": {}}, "tool_choice.function.name"),
        ({"type": "function", "function": {"name": "fan"}}, "tool_choice"),
    ],
)
def test_a_choice_of_no_tool_is_refused(choice: object, param: str) -> None:
    assert refused(tools=[LAMP], tool_choice=choice).param == param
    assert refused(tool_choice="required").param == "tool_choice"


def test_a_conversation_with_a_tool() -> None:
    result = {"role": "tool", "tool_call_id": "1", "content": "done"}
    said = {**calls(CALL), "reasoning_content": "Dark.", "refusal": None, "audio": None}
    _, assistant, tool = ask(messages=[*HELLO, said, result]).completion.messages
    assert assistant == Message("assistant", "", (ToolCall("1", "lamp", {"on": True}),), reasoning="Dark.")
    assert tool == Message("tool", "done", tool_call_id="1")


@pytest.mark.parametrize(
    ("fields", "thinking", "switches"),
    [
        ({}, None, ()),
        ({"enable_thinking": False}, False, ()),
        ({"chat_template_kwargs": {"enable_thinking": True}}, True, ()),
        (
            {"enable_thinking": True, "chat_template_kwargs": {"enable_thinking": True, "x": "y"}},
            True,
            (("x", "y"),),
        ),
    ],
)
def test_switches_of_the_template(fields: dict[str, Any], thinking: object, switches: object) -> None:
    completion = ask(**fields).completion
    assert (completion.thinking, completion.template_switches) == (thinking, switches)


@pytest.mark.parametrize(
    "fields",
    [
        {"enable_thinking": "no"},
        {"chat_template_kwargs": []},
        {"chat_template_kwargs": {"x": []}},
        {"chat_template_kwargs": {"x": 1.5}},
        {"chat_template_kwargs": {"x": "\ud800"}},
        {"enable_thinking": True, "chat_template_kwargs": {"enable_thinking": False}},
    ],
)
def test_switches_that_are_none(fields: dict[str, Any]) -> None:
    assert refused(**fields).param


def test_a_value_out_of_json_reads_the_same() -> None:
    body = {"messages": HELLO, "temperature": 0, "seed": 7}
    assert parse(parse_json(json.dumps(body).encode(), depth=8), LIMITS) == parse(body, LIMITS)


def test_one_prompt_is_not_spoken_of() -> None:
    assert str(refused(n=9)) == "n is 9; ask for at most 8 answers at once"
