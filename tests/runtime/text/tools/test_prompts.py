"""Tools, calls and results as each family's template shows them: held against prompts that were looked at once.

`INGLE_RECORD=1 pytest tests/runtime/text/tools` writes them anew, to be looked at again.
"""

import os
from pathlib import Path

import pytest

from runtime.completion import CompletionRequest, Message, ToolCall
from runtime.completion.prompting import Prompting
from runtime.errors import CallerError
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools import DIALECTS
from tests.support.dialects import LAMP, WEATHER
from tests.support.text import byte_level

BOS = "<bos>"
RECORDED = Path(__file__).parent / "recorded"
DIALECT_OF = {
    "gemma": "gemma",
    "granite3": "granite",
    "granite4": "granite",
    "hermes": "hermes",
    "lfm2": "lfm2",
    "llama3": "llama3",
    "qwen3": "hermes",
    "smollm2": "smollm2",
}
CALLS = (ToolCall("call_1", "get_weather", {"city": 'Paris "la belle"', "days": 2}),)
ASKED = CompletionRequest(
    messages=(
        Message("system", "Be brief."),
        Message("user", "Weather in Paris?"),
        Message("assistant", "", CALLS),
        Message("tool", '{"celsius": 18}', tool_call_id="call_1"),
        Message("assistant", "It is 18 °C."),
        Message("user", "And the lamp?"),
    ),
    tools=(WEATHER, LAMP),
)


def prompting(family: str) -> Prompting:
    template = ChatTemplate((RECORDED / f"{family}.jinja").read_text(encoding="utf-8"), bos_token=BOS)
    return Prompting(Tokenizer(byte_level()), template, DIALECTS[DIALECT_OF[family]])


@pytest.mark.parametrize("family", DIALECT_OF)
def test_the_prompt_is_the_recorded_one(family: str) -> None:
    text = prompting(family).render(ASKED).text
    recorded = RECORDED / f"{family}.txt"
    if os.environ.get("INGLE_RECORD"):
        recorded.write_text(text, encoding="utf-8")
    assert text == recorded.read_text(encoding="utf-8")
    assert "get_weather" in text
    assert "18" in text


def test_every_dialect_and_every_template_has_a_recorded_prompt() -> None:
    assert set(DIALECT_OF.values()) == set(DIALECTS)
    assert {path.stem for path in RECORDED.glob("*.jinja")} == set(DIALECT_OF)
    assert {path.stem for path in RECORDED.glob("*.txt")} == set(DIALECT_OF)


@pytest.mark.parametrize("family", DIALECT_OF)
def test_without_tools_a_conversation_is_what_the_template_alone_makes(family: str) -> None:
    plain = CompletionRequest(
        messages=(Message("user", "Hi"), Message("assistant", "Yes?"), Message("user", "Bye"))
    )
    text = prompting(family).render(plain).text
    assert "tool" not in text
    assert "functions" not in text


def test_llamas_template_takes_one_call_in_a_turn_and_says_so() -> None:
    two = (*CALLS, ToolCall("call_2", "lamp.set", {"on": True}))
    asked = CompletionRequest(
        messages=(Message("user", "Hi"), Message("assistant", "", two)), tools=(WEATHER,)
    )
    with pytest.raises(CallerError, match="single tool-calls"):
        prompting("llama3").render(asked)
