"""The owner's file of boards that do not describe themselves: read strictly, and made boards of.

docs/described-boards.md is what owners are told about it.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware_bridge.board import AnyBoard
from firmware_bridge.described import pins, wording
from firmware_bridge.described.board import ANSWER_S, DialectBoard
from firmware_bridge.described.capability import capability, type_of
from firmware_bridge.described.dialect import Dialect
from firmware_bridge.described.firmata import FirmataDialect
from firmware_bridge.described.pins import Pin, Wired
from firmware_bridge.described.strict import Table
from firmware_bridge.described.text import TextDialect
from firmware_bridge.described.wording import SHELL_DONE, SHELL_FAILED, Talk, Wording
from firmware_bridge.description import CAPABILITIES_MOST, Capability, Type
from firmware_bridge.errors import BoardsFileError
from firmware_bridge.transport import BAUD, Transport, transport

LineFactory = Callable[[str, int], Transport]
"""Makes a line of an address and a speed."""
_SPEEDS: Final = {"text": BAUD, "firmata": 57600, "smp": BAUD}
_NAME_MOST: Final = 24


@dataclass(frozen=True, slots=True)
class DescribedBoard:
    """One board of the file."""

    name: str
    at: str
    """A serial port by name, or `socket://host:port`."""
    baud: int
    capabilities: Mapping[str, Capability]
    talk: Talk | Wired
    in_shell: bool = False
    """Its lines of text are commands of its shell, over SMP."""

    def open(
        self, line: LineFactory = transport, *, patient: bool = False, answer_s: float = ANSWER_S
    ) -> AnyBoard:
        """The board on its line; enter it to connect. See `client.Board` for what the arguments mean.

        Raises:
            ValueError: `at` is no address.
            BoardsFileError: it speaks SMP, and what speaks that is not installed.
        """
        opened = line(self.at, self.baud)
        return DialectBoard(
            _through_shell(opened) if self.in_shell else opened,
            self.name,
            self.capabilities,
            self._dialect,
            patient=patient,
            answer_s=answer_s,
        )

    def _dialect(self) -> Dialect:
        if isinstance(self.talk, Talk):
            return TextDialect(self.talk, self.capabilities)
        return FirmataDialect(self.talk, self.capabilities)


def _through_shell(line: Transport) -> Transport:
    try:
        from firmware_bridge.described.shell_line import ShellLine  # noqa: PLC0415  an extra that may be absent
    except ModuleNotFoundError as exc:
        raise BoardsFileError(f"boards that speak smp need {exc.name}; pip install 'inglenook[smp]'") from exc
    return ShellLine(line)


def boards(path: Path) -> tuple[DescribedBoard, ...]:
    """The boards that a file describes.

    Raises:
        BoardsFileError: it cannot be read, is no TOML, or describes what cannot be; says where.
    """
    try:
        return read(path.read_bytes().decode("utf-8-sig"))
    except OSError as exc:
        raise BoardsFileError(f"{path} cannot be read ({exc.strerror}); name another file of boards") from exc
    except UnicodeDecodeError as exc:
        raise BoardsFileError(f"{path} is not UTF-8 text; save it as UTF-8") from exc
    except BoardsFileError as exc:
        raise BoardsFileError(f"{path}: {exc}") from exc
    except (ValueError, RecursionError) as exc:  # ValueError: tomllib's own, and int's of 5,000 digits
        raise BoardsFileError(f"{path} is not valid TOML: {exc}") from exc


def read(text: str) -> tuple[DescribedBoard, ...]:
    """The boards that a text describes.

    Raises:
        BoardsFileError: it describes what cannot be.
        ValueError: it is no TOML.
    """
    table = Table(tomllib.loads(text), "the file")
    found = [_board(each, f"board {index}") for index, each in enumerate(table.tables("board"), 1)]
    table.end()
    for key, names in (("name", [each.name for each in found]), ("at", [each.at for each in found])):
        twice = next((each for each in names if names.count(each) > 1), None)
        if twice is not None:
            raise BoardsFileError(f"two boards have the {key} {twice!r}; give each its own")
    return tuple(found)


def _board(raw: object, where: str) -> DescribedBoard:
    table = Table(raw, where)
    name = table.text("name")
    if len(name) > _NAME_MOST:
        raise table.wrong("name", f"has {len(name)} characters; {_NAME_MOST} at most")
    table.where = f"{where}, {name}"
    at, speaks = table.text("at"), table.text("speaks")
    if speaks not in _SPEEDS:
        raise table.wrong("speaks", f"is {speaks!r}; it is one of {', '.join(_SPEEDS)}")
    try:
        transport(at)
    except ValueError as exc:
        raise table.wrong("at", f"is no address ({exc})") from exc
    baud = table.integer("baud", 50, 4_000_000, _SPEEDS[speaks])
    rows = table.tables("capability")
    if len(rows) > CAPABILITIES_MOST:
        raise table.wrong("capability", f"is there {len(rows)} times; {CAPABILITIES_MOST} at most")
    capabilities, talk = _READERS[speaks](table, rows)
    table.end()
    return DescribedBoard(name, at, baud, capabilities, talk, in_shell=speaks == "smp")


def _text(board: Table, rows: list[object]) -> tuple[dict[str, Capability], Talk]:
    ready = board.text("ready").strip() if "ready" in board else None
    ending = board.bytes_of("ending", "\n", 4)
    found, wordings = _worded(board, rows, {})
    for name, each in wordings.items():
        if ready is not None and each.hears(ready):
            raise board.wrong("ready", f"is also what {name} is answered or told with; let them differ")
    return found, Talk(ending, ready, wordings)


def _smp(board: Table, rows: list[object]) -> tuple[dict[str, Capability], Talk]:
    """Text of which each line is answered, so that answers need not be described."""
    found, wordings = _worded(board, rows, {"answer": SHELL_DONE, "error": SHELL_FAILED})
    return found, Talk(b"\n", None, wordings)


def _worded(
    board: Table, rows: list[object], defaults: Mapping[str, str]
) -> tuple[dict[str, Capability], dict[str, Wording]]:
    found: dict[str, Capability] = {}
    wordings: dict[str, Wording] = {}
    for index, raw in enumerate(rows):
        table = _row(board, index, raw, found)
        type_ = type_of(table)
        said = wording.wording(table, type_, defaults)
        each = capability(
            index,
            table,
            type_,
            readable=said.tells is not None and type_ is not Type.EVENT,
            settable=said.set is not None,
        )
        table.end()
        found[each.name], wordings[each.name] = each, said
    wording.check(board.where, wordings)
    return found, wordings


def _firmata(board: Table, rows: list[object]) -> tuple[dict[str, Capability], Wired]:
    sampling_ms = board.integer("sampling_ms", 10, 10_000, 200)
    found: dict[str, Capability] = {}
    wired: dict[str, Pin] = {}
    for index, raw in enumerate(rows):
        table = _row(board, index, raw, found)
        type_ = type_of(table)
        pin, readable, settable = pins.pin(table, type_)
        each = capability(index, table, type_, readable=readable, settable=settable)
        table.end()
        found[each.name], wired[each.name] = each, pin
    pins.check(board.where, wired)
    return found, Wired(wired, sampling_ms)


def _row(board: Table, index: int, raw: object, found: Mapping[str, Capability]) -> Table:
    table = Table(raw, f"{board.where}: capability {index + 1}", board)
    name = table.text("name")
    table.where = f"{table.where}, {name}"
    if name in found:
        raise table.wrong("name", "is that of another capability of this board; give each its own")
    return table


_READERS: Final[Mapping[str, Callable[[Table, list[object]], tuple[dict[str, Capability], Talk | Wired]]]] = {
    "text": _text,
    "firmata": _firmata,
    "smp": _smp,
}
