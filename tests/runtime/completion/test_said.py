"""Tokens come with the text that they show, however it is cut, held back or stopped."""

from hypothesis import example, given
from hypothesis import strategies as st

from runtime.completion import (
    Completer,
    CompletionRequest,
    Delta,
    Finished,
    Message,
    Option,
    Said,
    Thought,
    Wording,
)
from runtime.completion.said import Unsaid
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from tests.support.engine import EngineSimulator
from tests.support.text import CHATML, SCRIPTS, byte_level

TOKENIZER = Tokenizer(byte_level())
THINKS = CHATML + "{# <think></think> #}"


async def play(
    text: str, *, stop: tuple[str, ...] = (), top: int | None = 2, template: str = CHATML
) -> list[object]:
    engine = EngineSimulator(TOKENIZER.encode(text, special=False))
    wording = Wording.of(TOKENIZER, ChatTemplate(template), engine.manifest, Limits())
    asked = CompletionRequest((Message("user", "Hi"),), stop=stop, logprobs=top)
    return [event async for event in Completer(engine, wording, Limits()).complete(asked)]


def letters(events: list[object]) -> bytes:
    tokens = [said for event in events if isinstance(event, Delta) for said in event.tokens]
    return b"".join(said.token.letters for said in tokens)


def text(events: list[object]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


@given(
    st.sampled_from(SCRIPTS) | st.text(max_size=20).map(lambda text: text.encode(errors="ignore").decode())
)
async def test_the_tokens_spell_the_answer(said: str) -> None:
    events = await play(said)
    assert letters(events).decode() == text(events) == said


async def test_nothing_is_told_unless_it_was_asked_for() -> None:
    assert letters(await play("Hello", top=None)) == b""


@given(
    st.text("abcé", min_size=1, max_size=12), st.lists(st.text("abcé", min_size=1, max_size=3), max_size=2)
)
@example("aabbc", ["abX", "bc"])
async def test_what_a_stop_string_hides_has_no_tokens(said: str, stops: list[str]) -> None:
    events = await play(said, stop=tuple(stops))
    shown, spelt = text(events).encode(), letters(events)
    assert spelt.startswith(shown)
    assert said.encode().startswith(spelt)
    assert isinstance(events[-1], Finished)


async def test_thoughts_and_the_layout_around_them_are_not_the_answers() -> None:
    events = await play("<think>Let me see.</think>\n\nParis it is.", template=THINKS)
    assert any(isinstance(event, Thought) for event in events)
    assert text(events) == "Paris it is."
    assert letters(events).strip() == b"Paris it is."


@given(st.lists(st.text("ab", max_size=3), max_size=8), st.data())
def test_every_cut_of_a_text_takes_each_token_once(pieces: list[str], data: st.DataObject) -> None:
    unsaid = Unsaid()
    for place, piece in enumerate(pieces):
        unsaid.add(Said(Option(b"%d" % place, 0.0)), piece)
    rest = "".join(pieces)
    taken: list[Said] = []
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        taken += unsaid.take(rest[:size])
        rest = rest[size:]
    seen = [int(said.token.letters) for said in taken]
    last = max((place for place, piece in enumerate(pieces) if piece), default=-1)
    assert seen == list(range(last + 1))
