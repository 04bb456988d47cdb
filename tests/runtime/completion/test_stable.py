"""Where a conversation's own part of the prompt begins."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.completion import Completer, CompletionRequest, Message
from runtime.completion.stable import StableStart
from runtime.completion.wording import Wording
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools.values import Tool
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.templates import TOOLS
from tests.support.text import byte_level

SYSTEM = Message("system", "Obey the house. The date is always today.")
LAMP = Tool("lamp", "Switch the lamp", {"type": "object", "properties": {"on": {"type": "boolean"}}})
FIRST_IN_USER = (
    "{% for m in messages if m.role != 'system' %}<|im_start|>{{ m.role }}\n"
    "{% if loop.first and messages[0].role == 'system' %}{{ messages[0].content }}\n\n{% endif %}"
    "{{ m.content | trim }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
LAST_IN_USER = FIRST_IN_USER.replace("loop.first", "loop.last")


def completer_of(template: str, engine: EngineSimulator) -> Completer:
    wording = Wording.of(Tokenizer(byte_level()), ChatTemplate(template), engine.manifest, Limits())
    return Completer(engine, wording, Limits())


async def stable_of(request: CompletionRequest, template: str = TOOLS) -> tuple[tuple[int, ...], str]:
    """The ids that are stable, and their text."""
    engine = EngineSimulator(loaded=tiny_manifest(tool_dialect="hermes"))
    async for _ in completer_of(template, engine).complete(request):
        pass
    (asked,) = engine.requests
    ids = asked.prompt_ids[: asked.stable]
    return ids, Tokenizer(byte_level()).decode(ids)


def talk(*turns: str, system: tuple[Message, ...] = (SYSTEM,)) -> CompletionRequest:
    messages = (Message("assistant" if index % 2 else "user", words) for index, words in enumerate(turns))
    return CompletionRequest(messages=(*system, *messages), tools=(LAMP,))


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=1, max_size=5))
async def test_what_people_say_is_never_a_part_of_it(turns: list[str]) -> None:
    ids, text = await stable_of(talk(*turns))
    assert "Obey the house" in text
    assert '"lamp"' in text
    assert text.endswith("user")
    assert ids == (await stable_of(talk("Anything else")))[0]


@pytest.mark.parametrize("words", ["0", "A", "00", "Aha", "\n\n0", "\n", "  \n "])
async def test_somebody_says_what_is_asked_of_the_template(words: str) -> None:
    assert (await stable_of(talk(words)))[1].endswith("user")


async def test_a_system_prompt_inside_the_first_turn_is_found() -> None:
    request = replace(talk("Hello", "Yes", "More"), tools=())
    _, text = await stable_of(request, FIRST_IN_USER)
    assert text.endswith("always today.\n\n")


async def test_what_comes_last_is_not_stable() -> None:
    request = replace(talk("Hello", "Yes", "More"), tools=())
    assert (await stable_of(request, LAST_IN_USER))[0] == ()


async def test_other_tools_and_another_system_prompt_are_another_start() -> None:
    ids, _ = await stable_of(talk("Hello"))
    for other in (replace(talk("Hello"), tools=()), talk("Hello", system=())):
        assert (await stable_of(other))[0] != ids


async def test_a_plain_prompt_is_all_somebodys_words() -> None:
    assert (await stable_of(CompletionRequest(prompt="Once upon a time")))[0] == ()


async def test_a_template_that_refuses_strangers_has_no_stable_start() -> None:
    refusing = "{% if messages[-1].content != 'Hello' %}{{ raise_exception('no') }}{% endif %}" + TOOLS
    assert (await stable_of(talk("Hello"), refusing))[0] == ()


def test_a_start_that_moves_with_the_day_is_found_again() -> None:
    days = [0]

    def encode(request: CompletionRequest) -> tuple[int, ...]:
        return (7, 7, days[-1], *request.messages[-1].content.encode())

    stable = StableStart(encode)
    hello = CompletionRequest(messages=(Message("user", "Hello"),))
    for day in (1, 2, 1):
        days.append(day)
        assert stable.of(hello, encode(hello)) == 3


def test_few_starts_are_remembered() -> None:
    rendered = 0

    def encode(request: CompletionRequest) -> tuple[int, ...]:
        nonlocal rendered
        rendered += 1
        return tuple("".join(message.content for message in request.messages).encode())

    stable = StableStart(encode)
    for index in [*range(100), 99, 99]:
        asked = CompletionRequest(messages=(Message("system", f"{index}:"), Message("user", "Hello")))
        stable.of(asked, tuple(f"{index}:Hello".encode()))
    assert rendered == 300, "the last one was remembered"
    assert len(stable._found) <= 16
