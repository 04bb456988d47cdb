"""The owner's file of boards: what it may say, and the sentence for each thing it may not."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.described.boards import boards, read
from firmware_bridge.described.pattern import Pattern
from firmware_bridge.described.wording import Talk
from firmware_bridge.description import Range, Type
from firmware_bridge.errors import BoardsFileError
from tests.support.described import FIRMATA, TEXT

ROOT = Path(__file__).resolve().parents[3]
BOARD = '[[board]]\nname = "b"\nat = "socket://h:1"\n'
ONE = BOARD + 'speaks = "text"\n[[board.capability]]\nname = "x"\n'
PIN = BOARD + 'speaks = "firmata"\n[[board.capability]]\nname = "x"\n'


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "boards.toml"
    path.write_text(TEXT + FIRMATA.replace("7777", "7778"))
    greenhouse, workshop = boards(path)
    assert (greenhouse.name, greenhouse.at, greenhouse.baud) == (
        "greenhouse",
        "socket://127.0.0.1:7777",
        9600,
    )
    assert isinstance(greenhouse.talk, Talk)
    assert greenhouse.talk.ending == b"\n"
    assert workshop.baud == 57600
    pump, fan = greenhouse.capabilities["pump"], greenhouse.capabilities["fan"]
    assert pump.dangerous
    assert pump.safe is False
    assert (fan.kind, fan.unit, fan.range) == ("fan", "%", Range(0, 100))
    assert greenhouse.capabilities["temperature"].range == Range(-400, 1250, 1, -1)
    assert greenhouse.capabilities["button"].type is Type.EVENT
    assert not greenhouse.capabilities["bell"].readable
    assert not workshop.capabilities["door"].settable


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file: board is missing"),
        ("board = 1", "board is no list of tables; write [[board]]"),
        ("board = [1]", "board 1 is no table"),
        ("[[boards]]", "board is missing; did you mean it by boards?"),
        ('[[board]]\nnmae = "b"', "board 1: name is missing; did you mean it by nmae?"),
        (TEXT.replace("baud", "buad"), "board 1, greenhouse: buad is not known here; did you mean baud?"),
        (
            TEXT + "buad = 9600",
            "capability 6, temperature: buad is not known here; did you mean baud? It stands above",
        ),
        (FIRMATA + "samplng_ms = 9", "did you mean sampling_ms? It stands above"),
        (TEXT + "[house]\n", "the file: house is not known here"),
        ("[[board]]", "board 1: name is missing"),
        ('[[board]]\nname = ""', "name is ''; write a text of one line"),
        (f'[[board]]\nname = "{"b" * 25}"', "name has 25 characters; 24 at most"),
        ('[[board]]\nname = "a\\u202eb"', "write a text of one line"),
        ('[[board]]\nname = "b"', "board 1, b: at is missing"),
        (BOARD, "speaks is missing"),
        (BOARD + 'speaks = "modbus"', "speaks is 'modbus'; it is one of text, firmata, smp"),
        (BOARD.replace("socket", "http") + 'speaks = "text"', "at is no address"),
        (BOARD + 'speaks = "text"\nbaud = "9600"', "baud is no number"),
        (BOARD + 'speaks = "text"\nbaud = 9600.5', "write a whole number"),
        (BOARD + 'speaks = "text"\nbaud = 1', "baud is 1; it goes from 50"),
        (BOARD + 'speaks = "text"', "capability is missing"),
        (BOARD + 'speaks = "text"\ncapability = []', "write [[capability]]"),
        (ONE, "capability 1, x: type is missing"),
        (ONE + 'type = "lamp"', "type is 'lamp'; it is one of switch, number, options, press, event"),
        (ONE + 'type = "switch"', "set is missing, and so is tells"),
        (ONE + 'type = "switch"\nset = "ON"', "set has no {value}"),
        (ONE + 'type = "switch"\nset = "{value} {value}"', "has {value} twice"),
        (ONE + 'type = "switch"\nset = "{vlaue}"', "set has {vlaue}; what varies here is called {value}"),
        (ONE + 'type = "switch"\nset = "A\\nB {value}"', "write a text of one line"),
        (ONE + 'type = "switch"\nset = "P {value}"\nset2 = "P"', "set2 is not known here; did you mean set?"),
        (ONE + 'type = "switch"\nset = "P {value}"\npin = 3', "pin is not known here"),
        (ONE + 'type = "switch"\nset = "P {value}"\nmin = 3', "min is not known here"),
        (ONE + 'type = "switch"\nset = "P {value}"\non = "0"', "on does not differ"),
        (ONE + 'type = "switch"\nset = "P {value}"\nget = "P?"', "tells is missing"),
        (ONE + 'type = "switch"\nset = "P {value}"\nsafe = 1', "safe is 1; it takes on or off"),
        (ONE + 'type = "switch"\nset = "P {value}"\ndangerous = "yes"', "write true or false"),
        (ONE + 'type = "switch"\ntells = "P {value}"\nsafe = true', "leave it out"),
        (ONE + 'type = "switch"\ntells = "P {value}"\ndangerous = true', "cannot be set"),
        (ONE + 'type = "switch"\ntells = "P {value}"\nanswer = "OK"', "answer answers nothing"),
        (ONE + 'type = "switch"\ntells = "P {value}"\nevery = 5', "every says how often get is sent"),
        (ONE + 'type = "switch"\nset = "P {value}"\nerror = "E {value}"', "called {text}"),
        (ONE + 'type = "number"\nset = "P {value}"', "min is missing"),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = 9\nmax = 1', "let min be below max"),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = 0\nmax = 1\nstep = 2', "let min be below max"),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = 0\nmax = nan', "max is no number"),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = -inf\nmax = 1', "min is no number"),
        (ONE + f'type = "number"\nset = "P {{value}}"\nmin = 0\nmax = 1{"0" * 400}', "max is no number"),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = 0\nmax = 1\nstep = 1e-12', "nothing finer"),
        (
            ONE + 'type = "number"\nset = "P {value}"\nmin = 0\nmax = 9\nsafe = 10',
            "safe is 10; it takes 0 to 9",
        ),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = 0\nmax = 3e9', "no number goes from 0"),
        (ONE + 'type = "number"\nset = "P {value}"\nmin = 0\nmax = 9\nkind = "A b"', "is no kind"),
        (ONE + 'type = "options"\nset = "P {value}"', "list of options"),
        (ONE + 'type = "options"\nset = "P {value}"\noptions = "ab"', "write texts in brackets"),
        (ONE + 'type = "options"\nset = "P {value}"\noptions = ["a"]', "list of options"),
        (ONE + 'type = "options"\nset = "P {value}"\noptions = ["a", "a"]', "does not differ"),
        (ONE + 'type = "options"\nset = "P {value}"\noptions = ["a", "b"]\nwords = ["1"]', "words are 1"),
        (ONE + 'type = "press"\nset = "P {value}"', "set of a press is one line without {value}"),
        (ONE + 'type = "press"', "set of a press"),
        (ONE + 'type = "press"\nset = "P"\nsafe = true', "leave it out"),
        (ONE + 'type = "event"', "tells of an event"),
        (ONE + 'type = "event"\ntells = "P {value}"', "without if not"),
        (ONE + 'type = "event"\ntells = "P"\nset = "P"', "tells of an event"),
        (ONE.replace('"x"', '"X y"') + 'type = "press"\nset = "P"', "is no name"),
        (
            ONE + 'type = "press"\nset = "P"\n[[board.capability]]\nname = "x"',
            "is that of another capability",
        ),
        (ONE.replace("[[board.c", 'ending = ""\n[[board.c') + 'type = "press"\nset = "P"', "ending is ''"),
        (TEXT + TEXT, "two boards have the name 'greenhouse'"),
        (TEXT + FIRMATA, "two boards have the at 'socket://127.0.0.1:7777'"),
        (TEXT.replace('"READY"', '"OK"'), "ready is also what pump is answered or told with"),
        (TEXT.replace("FAN={value}", "PUMP={value}"), "pump and fan have the same tells"),
        (PIN + 'type = "switch"', "pin is missing"),
        (PIN + 'type = "switch"\npin = 128', "pin is 128; it goes from 0 to 127"),
        (PIN + 'type = "switch"\npin = 1\nset = "P"', "set is 'P'; write true or false"),
        (PIN + 'type = "switch"\npin = 1\npull_up = true', "pull_up is not known here"),
        (PIN + 'type = "switch"\npin = 1\ninverted = true', "safe is missing; what is inverted is on"),
        (PIN + 'type = "number"\nmin = 0\nmax = 9', "pin is missing"),
        (PIN + 'type = "number"\nmin = 0\nmax = 9\nanalog = 16', "analog is 16"),
        (PIN + 'type = "number"\nmin = 0\nmax = 9\nanalog = 1\nat_zero = 9', "let them differ"),
        (PIN + 'type = "press"\npin = 1\npulse = 60', "pulse is 60; it goes from 0.01 to 5"),
        (PIN + 'type = "event"\npin = 1\noptions = ["a"]', "cannot be told by one pin"),
        (PIN + 'type = "options"\npin = 1', "options means nothing to a pin"),
        (FIRMATA.replace("pin = 9", "pin = 8"), "relay and lamp are both on pin 8"),
        (FIRMATA.replace("[[board.c", "sampling_ms = 1\n[[board.c", 1), "sampling_ms is 1"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(text: str, why: str) -> None:
    with pytest.raises(BoardsFileError) as caught:
        read(text)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_capabilities_than_a_board_has() -> None:
    row = '[[board.capability]]\nname = "x{}"\ntype = "press"\nset = "P"\n'
    with pytest.raises(BoardsFileError, match="is there 33 times; 32 at most"):
        read(BOARD + 'speaks = "text"\n' + "".join(row.format(each) for each in range(33)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[[board]", "is not valid TOML"),
        (b"x = " + b"[" * 5000, "is not valid TOML"),
        (b"x = 1" + b"0" * 5000, "is not valid TOML"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "boards.toml"
    path.write_bytes(content)
    with pytest.raises(BoardsFileError, match=why):
        boards(path)
    with pytest.raises(BoardsFileError, match="cannot be read"):
        boards(tmp_path)


KEYS = (
    *(
        "type",
        "kind",
        "device_class",
        "unit",
        "min",
        "max",
        "step",
        "options",
        "words",
        "dangerous",
        "safe",
        "set",
    ),
    *(
        "get",
        "tells",
        "answer",
        "error",
        "every",
        "on",
        "off",
        "pin",
        "analog",
        "pull_up",
        "inverted",
        "pulse",
    ),
    *("debounce", "at_zero", "at_full", "x"),
)
VALUES = (
    *('"x"', '"P {value}"', '"{text}"', "1", "-4", "0.5", "nan", "true", "[]", '["a", "b"]'),
    *('"number"', '"switch"', "{}"),
)
LINES = st.builds("{} = {}".format, st.sampled_from(KEYS), st.sampled_from(VALUES))


@given(
    st.sampled_from([ONE, PIN]), st.lists(LINES, max_size=8, unique_by=lambda line: line.partition(" ")[0])
)
def test_whatever_is_written_is_read_or_refused_in_a_sentence(before: str, lines: list[str]) -> None:
    try:
        found: Any = read("\n".join([before, *lines]))
    except BoardsFileError as refused:
        said = str(refused)
    else:
        said = f"board 1, {found[0].name}"
        assert found[0].capabilities["x"].name == "x"
    assert said.startswith("board 1, b")


@given(st.text(max_size=10), st.text(max_size=10), st.text("abc0", min_size=1))
def test_what_a_pattern_fills_it_finds(before: str, after: str, word: str) -> None:
    if "{" in before + after:
        return
    pattern = Pattern.of(f"{before}{{value}}{after}", "value")
    assert pattern.match(pattern.fill(word)) == word


def test_braces_that_are_none_of_ours_are_themselves() -> None:
    pattern = Pattern.of('{"pump":{value}}', "value")
    assert pattern.fill("1") == '{"pump":1}'
    assert pattern.match('{"pump":0}') == "0"
    assert pattern.match('{"pump":}') is None


def test_the_examples_of_the_page_describe_the_simulated_boards() -> None:
    page = (ROOT / "docs" / "described-boards.md").read_text()
    examples = [each.partition("```")[0] for each in page.split("```toml")[1:]]
    (greenhouse,), (workshop,), (cellar,) = (read(each) for each in examples)
    assert cellar.in_shell
    assert list(greenhouse.capabilities) == list(read(TEXT)[0].capabilities)
    assert list(workshop.capabilities.items()) == list(read(FIRMATA)[0].capabilities.items())
    assert workshop.talk == read(FIRMATA)[0].talk
