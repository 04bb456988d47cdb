"""What models write, in awkward pieces, and what it means: a call only where one was made, and no letter lost."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.text.parts import Part, Words
from runtime.text.tools import DIALECTS
from runtime.text.tools.python_calls import read_calls
from runtime.text.tools.values import Call, NotACallError
from tests.support.dialects import THINKING, calls, read, reader, refused, thoughts, words

PARIS = Call("get_weather", {"city": "Paris"})
TWO_DAYS = Call("get_weather", {"city": "Paris", "days": 2})
ON = Call("lamp.set", {"on": True})
JSON_PARIS = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
JSON_ON = '{"name": "lamp.set", "arguments": {"on": true}}'


@dataclass(frozen=True)
class Case:
    dialect: str
    answer: str
    calls: tuple[Call, ...] = ()
    words: str = ""


MADE = [
    Case("hermes", f"<tool_call>\n{JSON_PARIS}\n</tool_call>", (PARIS,)),
    Case("hermes", f"One moment.\n\n<tool_call>{JSON_PARIS}</tool_call>\n", (PARIS,), "One moment."),
    Case("hermes", f"<tool_call>{JSON_PARIS}</tool_call>\n<tool_call>\n{JSON_ON}</tool_call>", (PARIS, ON)),
    Case("hermes", f"A <tool_call>{JSON_PARIS}</tool_call> B", (PARIS,), "A  B"),
    Case("lfm2", '<|tool_call_start|>[get_weather(city="Paris")]<|tool_call_end|>', (PARIS,)),
    Case(
        "lfm2",
        "<|tool_call_start|>[get_weather(city='Paris', days=2), lamp.set(on=True)]<|tool_call_end|>Checking.",
        (TWO_DAYS, ON),
        "Checking.",
    ),
    Case(
        "lfm2",
        '<|tool_call_start|>[lamp.set(tags=["a]", "(b", \'c"\', "d\\n"])]<|tool_call_end|>',
        (Call("lamp.set", {"tags": ["a]", "(b", 'c"', "d\n"]}),),
    ),
    Case("lfm2", "<|tool_call_start|>[lamp.set(on=true, scene={'a': null, 'b': [-1, 2.5, false]})]<|tool_call_end|>",
         (Call("lamp.set", {"on": True, "scene": {"a": None, "b": [-1, 2.5, False]}}),)),
    Case("granite", f"<|tool_call|>[{JSON_PARIS}, {JSON_ON}]", (PARIS, ON)),
    Case("granite", f"<|tool_call|> {JSON_PARIS}\n", (PARIS,)),
    Case("granite", f"<tool_call>\n{JSON_PARIS}\n</tool_call>", (PARIS,)),
    Case("llama3", '{"name": "get_weather", "parameters": {"city": "Paris"}}', (PARIS,)),
    Case("llama3", '\n {"type": "function", "name": "lamp.set", "parameters": {"on": true}}\n', (ON,)),
    Case("llama3", '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}', (PARIS,)),
    Case("gemma", '{"name": "get_weather", "parameters": {"city": "Paris"}}', (PARIS,)),
    Case("gemma", '```json\n{"name": "lamp.set", "parameters": {"on": true}}\n```\n', (ON,)),
    Case(
        "gemma",
        '[{"name": "lamp.set", "parameters": {"on": true}},\n {"name": "lamp.set", "parameters": {}}]',
        (ON, Call("lamp.set", {})),
    ),
    Case("gemma", '```tool_code\nget_weather(city="Paris", days=2)\n```', (TWO_DAYS,)),
    Case("gemma", '```tool_code \n\n\nget_weather(city="Paris", days=2)\n\n  ```\n', (TWO_DAYS,)),
    Case("gemma", '```tool_code\n[get_weather(city="Paris"), lamp.set(on=True)]\n```', (PARIS, ON)),
    Case("smollm2", f"<tool_call>[\n{JSON_PARIS},\n{JSON_ON}\n]</tool_call>", (PARIS, ON)),
]  # fmt: skip

NOT_MADE = [
    *(
        Case("hermes", f"<tool_call>{body}</tool_call>")
        for body in (
            "", "{}", "null", "7", "[]", f"[{JSON_PARIS}]", JSON_PARIS[:-1], f"{JSON_PARIS} {JSON_PARIS}",
            f"// yes\n{JSON_PARIS}", JSON_PARIS.replace('"', "'"),
            '{"name": "get_wether", "arguments": {"city": "Paris"}}',
            '{"name": "Get_Weather", "arguments": {"city": "Paris"}}',
            '{"name": ["get_weather"], "arguments": {"city": "Paris"}}',
            '{"name": "get_weather"}',
            '{"name": "get_weather", "parameters": {"city": "Paris"}}',
            '{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}',
            '{"name": "get_weather", "arguments": {}}',
            '{"name": "get_weather", "arguments": {"city": 7}}',
            '{"name": "get_weather", "arguments": {"city": "Paris", "days": 8}}',
            '{"name": "get_weather", "arguments": {"city": "Paris", "days": true}}',
            '{"name": "get_weather", "arguments": {"city": "Paris", "unit": "K"}}',
            '{"name": "get_weather", "arguments": {"city": "Paris", "planet": "Mars"}}',
            '{"name": "get_weather", "arguments": {"city": "Paris", "city": "London"}}',
            '{"name": "get_weather", "arguments": {"city": "Paris"}, "unless": "it rains"}',
            '{"name": "get_weather", "arguments": {"city": "\\ud800"}}',
            '{"name": "get_weather", "arguments": {"city": NaN}}',
            '{"name": "lamp.set", "arguments": {"tags": ' + "[" * 40 + "]" * 40 + "}}",
        )
    ),
    Case("hermes", f"<tool_call>{JSON_PARIS}"),
    Case("hermes", f"<tool_call>{JSON_PARIS}</tool_cal"),
    Case("hermes", f"<tool_call><tool_call>{JSON_PARIS}</tool_call>"),
    *(
        Case("lfm2", f"<|tool_call_start|>{body}<|tool_call_end|>")
        for body in (
            "", "[]", "get_weather", 'get_weather(city="Paris")', "[get_weather]", '[get_weather("Paris")]',
            '[get_weather(*["Paris"])]', '[get_weather(**{"city": "Paris"})]', '[get_weather(city="Pa" + "ris")]',
            '[get_weather(city=f"Paris")]', "[get_weather(city=city)]", "[get_weather(city=str(1))]",
            '[get_weather(city=b"Paris")]', '[get_weather(city="Paris", days=1.5)]',
            '[get_weather(city="Paris", days=-1)]', '[get_weather(city="Paris", days=1e999)]',
            '[get_weather(city="Paris", days=true)]', '[get_weather(city="Paris", city="Rome")]',
            '[get_weather(city="Paris"); lamp.set(on=True)]', '[get_weather(city="Paris") for _ in "ab"]',
            '[get_weather(city="Paris") if 1 else lamp.set(on=True)]', '[(lambda: 1)(city="Paris")]',
            '[__import__("os").system("true")]', '[__import__("os").system(command="true")]',
            '[lamp.set(on=True), get_wether(city="Paris")]', "[lamp.set(tags=('a',))]", "[lamp.set(tags={'a'})]",
            "[lamp.set(tags=[1])]", "[lamp.set(on=1)]", "[" * 300 + "]" * 300, "-" * 70_000, "[a" + ".a" * 9000 + "()]",
            f"[lamp.set(level={10**19})]", f"[lamp.set(level=-{10**400})]",
        )
    ),
    Case("lfm2", '<|tool_call_start|>[get_weather(city="Paris")]'),
    Case("granite", "<|tool_call|>[]"),
    Case("granite", f"<|tool_call|>[{JSON_PARIS}"),
    Case("granite", f'<|tool_call|>[{JSON_PARIS}, {{"name": "rm", "arguments": {{}}}}]'),
    Case("llama3", '{"name": "get_weather", "parameters": {"city": 7}}'),
    Case("llama3", '<|python_tag|>get_weather.call(city="Paris")'),
    Case("gemma", '{"name": "get_weather", "parameters": {"city": 7}}'),
    Case("smollm2", "<tool_call>[]</tool_call>"),
]  # fmt: skip

TEXTS = [
    "", " ", "Hello", "  Hello \n", "a < b", "<", "<tool", "<tool_call", "ends with <tool_", "</tool_call>",
    "<|tool_call_end|>", "<think>", "a</think>b", "`<tool_cal>`", "<<tool_call", "```python\nprint()\n```",
    "[1, 2] is a list",
    '"{}"', "'{'",
    "{", "{'a': 1}", '{"a": 1}', "[]", "```json\n{}\n```", "```json\n{}\n``` and more", "```tool_code\nprint(1)\n```",
    "Use {braces}.", "巴黎 <工具>", '{"name": "not_offered", "parameters": {}', "\n\n{",
    "``", "```", "```json```", "```json {}\n```", "```yaml\n{}\n```", "<response>x</response>",
]  # fmt: skip


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces."""
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(edges)]


def gist(parts: list[Part]) -> tuple[str, str, list[Call], list[str]]:
    return words(parts), thoughts(parts), calls(parts), refused(parts)


@pytest.mark.parametrize("case", MADE, ids=lambda case: f"{case.dialect}: {case.answer[:50]}")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_call_is_a_call_however_it_is_cut(case: Case, size: int) -> None:
    pieces = [case.answer[start : start + size] for start in range(0, len(case.answer), size)]
    parts = read(reader(case.dialect), pieces)
    assert gist(parts) == (case.words, "", list(case.calls), [])


@pytest.mark.parametrize("case", NOT_MADE, ids=lambda case: f"{case.dialect}: {case.answer[:60]}")
@pytest.mark.parametrize("size", [1, 5, 100_000])
def test_what_is_no_call_is_text_with_a_reason(case: Case, size: int) -> None:
    pieces = [case.answer[start : start + size] for start in range(0, len(case.answer), size)]
    parts = read(reader(case.dialect), pieces)
    assert calls(parts) == []
    assert words(parts) == case.answer
    (reason,) = refused(parts)
    assert 10 < len(reason) < 200


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", TEXTS)
def test_text_without_calls_passes_unchanged(dialect: str, text: str) -> None:
    for pieces in ([text], list(text)):
        parts = read(reader(dialect), pieces)
        assert (words(parts), calls(parts)) == (text, [])


numbers = st.integers() | st.builds(
    int.__mul__, st.sampled_from([1, -1]), st.integers(0, 450).map(lambda n: 10**n)
)
scraps = st.lists(
    numbers.map("<|tool_call_start|>[get_weather(city='Paris', days=8, level={})]<|tool_call_end|>".format)
    | st.sampled_from(
        [
            *(
                "<tool_call>",
                "</tool_call>",
                "<|tool_call_start|>",
                "<|tool_call_end|>",
                "<|tool_call|>",
                "<|python_tag|>",
            ),
            *("<think>", "</think>", "<response>", "</response>", "```json\n", "```tool_code\n", "\n```"),
            *(
                JSON_PARIS,
                JSON_ON,
                f"[{JSON_PARIS}]",
                '{"name": "get_weather", "parameters": {"city": "Paris"}}',
            ),
            *(
                '[get_weather(city="Paris")]',
                "[lamp.set(on=True)]",
                "[",
                "]",
                "{",
                "}",
                '"',
                "<",
                "|>",
                "\n",
                " ",
                "a",
                "é",
            ),
        ]
    ),
    max_size=9,
).map("".join)
cuts = st.lists(st.integers(0, 500), max_size=12)
dialects = st.sampled_from([None, *DIALECTS])


@given(dialects, scraps | st.text(max_size=60), cuts, st.booleans(), st.booleans(), st.booleans())
def test_how_an_answer_is_cut_makes_no_difference(
    dialect: str | None,
    text: str,
    places: list[int],
    thinks: bool,  # noqa: FBT001  hypothesis gives it
    begun: bool,  # noqa: FBT001  as above
    parallel: bool,  # noqa: FBT001  as above
) -> None:
    thinking = THINKING if thinks else None
    whole = read(reader(dialect, thinking=thinking, begun=begun, parallel=parallel), [text])
    pieces = read(reader(dialect, thinking=thinking, begun=begun, parallel=parallel), cut(text, places))
    assert gist(pieces) == gist(whole)
    assert all(part.text for part in pieces if isinstance(part, Words))
    assert parallel or len(calls(whole)) <= 1


@given(dialects, scraps | st.text(max_size=60))
def test_no_letter_is_lost_where_nothing_was_called_or_thought(dialect: str | None, text: str) -> None:
    parts = read(reader(dialect), [text])
    if not calls(parts):
        assert words(parts) == text
    for call in calls(parts):
        assert call in (PARIS, ON)


@given(numbers)
def test_an_integer_is_read_as_it_is_or_not_at_all(number: int) -> None:
    try:
        (call,) = read_calls(f"[f(x={number})]")
    except NotACallError:
        assert abs(number) >= 10**19
    else:
        assert call == Call("f", {"x": number})
        assert abs(number) < 10**19


@pytest.mark.parametrize("kind", ["json", "tool_code"])
@pytest.mark.parametrize(
    "written", ["```{kind}{lines}", "```{kind}{lines}{{}}", "{lines}```{kind}{lines}```{lines}a"]
)
def test_many_empty_lines_are_read_in_one_pass(kind: str, written: str) -> None:
    answer = written.format(kind=kind, lines="\n" * 50_000)
    parts = read(reader("gemma"), [answer])
    assert (words(parts), calls(parts)) == (answer, [])


@given(st.sampled_from(sorted(DIALECTS)), scraps)
def test_no_tool_is_called_that_was_not_offered(dialect: str, text: str) -> None:
    parts = read(reader(dialect, tools=[]), [text])
    assert (words(parts), calls(parts)) == (text, [])


def test_a_mark_that_is_a_token_counts_only_as_one() -> None:
    marks = DIALECTS["lfm2"].marks
    said = 'Models write <|tool_call_start|>[get_weather(city="Paris")]<|tool_call_end|>.'
    assert gist(read(reader("lfm2", tokens=marks), [said])) == (said, "", [], [])
    pieces = (
        "Yes. ",
        ("<|tool_call_start|>",),
        '[get_weather(city="<|tool_call_end|>")]',
        ("<|tool_call_end|>",),
        "\n",
    )
    parts = read(reader("lfm2", tokens=marks), pieces)
    assert gist(parts) == ("Yes.", "", [Call("get_weather", {"city": "<|tool_call_end|>"})], [])


def test_a_refused_call_keeps_the_letters_of_its_tokens_and_a_stray_end_has_none() -> None:
    marks = DIALECTS["lfm2"].marks
    parts = read(
        reader("lfm2", tokens=marks), ["a", ("<|tool_call_start|>",), "b", ("<|tool_call_end|>",), "c"]
    )
    assert words(parts) == "a<|tool_call_start|>b<|tool_call_end|>c"
    assert words(read(reader("lfm2", tokens=marks), ["a", ("<|tool_call_end|>",), "b"])) == "ab"


@pytest.mark.parametrize("dialect", ["hermes", "smollm2", "lfm2"])
def test_one_call_was_asked_for(dialect: str) -> None:
    (case,) = [case for case in MADE if case.dialect == dialect and len(case.calls) == 2][:1]
    one = reader(dialect, parallel=False)
    parts = read(one, [case.answer])
    assert calls(parts) == [case.calls[0]]
    assert one.done
    assert refused(parts) == (
        [] if dialect == "hermes" else ["one call was asked for, so another of lamp.set was left out"]
    )


@pytest.mark.parametrize(
    ("answer", "shown", "thought"),
    [
        ("<think>\nHm. Well.\n</think>\n\nParis.\n", "Paris.\n", "Hm. Well."),
        ("\n <think>Hm</think>Paris", "Paris", "Hm"),
        ("<think></think>Paris", "Paris", ""),
        ("<think>\n\n</think>\n\nParis", "Paris", ""),
        ("<think>Hm <tool_call>", "", "Hm <tool_call>"),
        ("<think>Hm", "", "Hm"),
        ("<think>a<think>b</think>c", "c", "a<think>b"),
        ("Paris.", "Paris.", ""),
        ("\n\nParis.", "\n\nParis.", ""),
        ("The <think> opens, </think> ends it.", "The <think> opens, </think> ends it.", ""),
        ("<think>Hm</think>\n<response>Paris</response>", "Paris", "Hm"),
        ("<response>Paris</response>", "<response>Paris</response>", ""),
        (f"<think>Should I <tool_call>{JSON_PARIS}</tool_call>?</think>No.", "No.",
         f"Should I <tool_call>{JSON_PARIS}</tool_call>?"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dialect", [None, "hermes"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_thoughts_are_no_part_of_the_answer(
    answer: str, shown: str, thought: str, dialect: str | None, size: int
) -> None:
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    parts = read(reader(dialect, thinking=THINKING), pieces)
    assert (words(parts), thoughts(parts), calls(parts)) == (shown, thought, [])


def test_a_thought_that_the_prompt_began() -> None:
    parts = read(reader(None, thinking=THINKING, begun=True), ["Hm", "m.\n</thi", "nk>\n\nParis"])
    assert gist(parts) == ("Paris", "Hmm.", [], [])


def test_a_call_follows_a_thought() -> None:
    answer = f"<think>Look it up.</think>\n\n<tool_call>\n{JSON_PARIS}\n</tool_call>"
    assert gist(read(reader("hermes", thinking=THINKING), [answer])) == ("", "Look it up.", [PARIS], [])


def test_thinking_tokens_count_anywhere_and_their_letters_do_not() -> None:
    tokens = THINKING.marks
    end = ("</think>",)
    pieces: list[str | tuple[str]] = ["<think>no</think> ", "Paris. ", ("<think>",), "Hm", end, "Yes.", end]
    parts = read(reader(None, thinking=THINKING, tokens=tokens), pieces)
    assert gist(parts) == ("<think>no</think> Paris. Yes.", "Hm", [], [])


def test_answers_are_shown_as_they_come() -> None:
    listening = reader("hermes", thinking=THINKING)
    assert [words(listening.feed(piece)) for piece in ("Hel", "lo", " wor", "ld", " <", "b>")] == [
        "Hel", "lo", " wor", "ld", "", " <b>",
    ]  # fmt: skip
