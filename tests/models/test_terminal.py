import io
import json

from rich.console import Console

from models.sources.interface import Progress, Step
from models.terminal import Objects, reporting


def _shown(*events: Progress | Step, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None)
    with reporting(console) as report:
        for event in events:
            report(event)
    return stream.getvalue()


def test_a_log_gets_a_line_a_tenth_and_no_escape_codes() -> None:
    events = [Progress(done, 1_000_000, "m.gguf") for done in range(0, 1_000_001, 1000)]
    lines = _shown(*events, Step("building [m]"), terminal=False).splitlines()
    assert lines[0] == "m.gguf: 0 B of 1.0 MB (0 %)"
    assert lines[10] == "m.gguf: 1.0 MB of 1.0 MB (100 %)"
    assert lines[11:] == ["building [m]"]


def test_a_log_of_an_unknown_size_stays_short() -> None:
    lines = _shown(*(Progress(done << 20, None, "m") for done in range(200)), terminal=False).splitlines()
    assert lines == ["m: 0 B", "m: 67.1 MB", "m: 134.2 MB", "m: 201.3 MB"]


def test_a_terminal_gets_a_bar_with_bytes_and_the_steps_above_it() -> None:
    shown = _shown(
        Progress(0, 2000, "m[1].gguf"), Step("building"), Progress(1500, 2000, "m[1].gguf"), terminal=True
    )
    assert "m[1].gguf" in shown
    assert "1.5/2.0 kB" in shown
    assert "building" in shown


def test_a_program_gets_an_object_a_hundredth() -> None:
    lines: list[str] = []
    report = Objects(lines.append)
    for done in range(0, 1_000_001, 1000):
        report(Progress(done, 1_000_000, "m.gguf"))
    report(Step("building"))
    report(Progress(1, None, "n"))
    told = [json.loads(line) for line in lines]
    assert len(told) == 101 + 2
    assert told[1] == {"status": "m.gguf", "completed": 10_000, "total": 1_000_000}
    assert told[-2:] == [{"status": "building"}, {"status": "n", "completed": 1, "total": None}]
