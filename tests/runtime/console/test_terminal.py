import io

from hypothesis import given
from hypothesis import strategies as st

from runtime.console.terminal import StatusLine, harmless


@given(st.text())
def test_no_text_steers_the_terminal(text: str) -> None:
    shown = harmless(text)
    assert all(char in "\t\n" or char.isprintable() or ord(char) >= 160 for char in shown)
    assert harmless("plain\ttext\n") == "plain\ttext\n"
    assert harmless("\x1b[31mred\x9b0m\r") == "[31mred0m"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_status_comes_and_goes_where_somebody_looks() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        status = StatusLine(stream)
        status.clear()
        status.show("loading")
        status.show("reading")
        status.clear()
    assert terminal.getvalue() == "\r\x1b[2Kloading…\r\x1b[2Kreading…\r\x1b[2K"
    assert pipe.getvalue() == ""
