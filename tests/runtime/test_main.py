"""`ingle` as a whole: gathering commands, and what its errors look like."""

import errno
import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import pytest

import runtime
from models.errors import StoreError
from runtime.__main__ import GROUP, main
from runtime.errors import BusyError

OURS = EntryPoint("runtime", "runtime.cli:commands", GROUP)


@click.group()
def faulty() -> None:
    """Commands that fail, each in its way."""


@faulty.command()
def busy() -> None:
    """Ours."""
    raise BusyError("the queue is full; come back later")


@faulty.command()
def store() -> None:
    """The models'."""
    raise StoreError("no such model; pull it")


@faulty.command()
def interrupted() -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


@faulty.command()
def disk() -> None:
    """The world's."""
    raise FileExistsError(errno.EEXIST, "File exists", "/var/lib/elsewhere")


@faulty.command()
def speak() -> None:
    """Asks what it writes to, and writes."""
    sys.stdout.isatty()
    sys.stderr.isatty()
    click.echo("words")


@faulty.command()
def bug() -> None:
    """Ours alone."""
    raise ZeroDivisionError


@faulty.command()
@click.pass_context
def three(ctx: click.Context) -> None:
    """Exits with 3."""
    ctx.exit(3)


FAULTY = EntryPoint("faulty", f"{__name__}:faulty", GROUP)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("busy", 1, "error: the queue is full; come back later\n"),
        ("store", 1, "error: no such model; pull it\n"),
        ("interrupted", 130, "\n"),
        ("disk", 1, "error: /var/lib/elsewhere cannot be used (File exists); put that right and try again\n"),
        ("three", 3, ""),
    ],
)
def test_an_error_is_one_sentence_and_a_status(
    command: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command], [FAULTY]) == status
    assert capsys.readouterr() == ("", said)


def test_a_bug_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        main(["bug"], [FAULTY])


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run", "--nonsense"], ["serve", "--port", "99999"], ["config", "x"]]
)
def test_wrong_usage_is_told_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments, [OURS]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Error: " in err
    assert "Traceback" not in err


def _in_a_shell(redirection: str, code: str) -> subprocess.CompletedProcess[str]:
    """What becomes of `main(["speak"])` when its streams are redirected so; `code` comes after it."""
    program = (
        "import os, sys; from importlib.metadata import EntryPoint; from runtime.__main__ import GROUP, main; "
        f"status = main(['speak'], [EntryPoint('faulty', {FAULTY.value!r}, GROUP)]); {code}; sys.exit(status)"
    )
    line = f'exec "$0" -c "$1" {redirection}'
    return subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, program], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_stood_in_for_and_its_number_is_not_given_to_a_file(redirection: str) -> None:
    done = _in_a_shell(redirection, "assert os.open(os.devnull, os.O_RDONLY) > 2")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_under_the_output_is_one_sentence() -> None:
    done = _in_a_shell(">/dev/full", "pass")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: the output cannot be written (No space left on device); put that right and try again\n"
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"], [OURS]) == 0
    assert runtime.__version__ in capsys.readouterr().out


def test_help_lists_the_commands_of_every_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"], [OURS, FAULTY]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in ("run", "chat", "serve", "config", "doctor", "busy"))


def test_a_package_is_not_loaded_for_another_ones_command() -> None:
    absent = EntryPoint("absent", "no_such_package_at_all:commands", GROUP)
    assert main(["three"], [FAULTY, absent]) == 3


def test_listing_commands_loads_nothing_heavy() -> None:
    code = (
        "import sys; from importlib.metadata import EntryPoint; from runtime.__main__ import GROUP, main; "
        f"main(['--help'], [EntryPoint('runtime', {OURS.value!r}, GROUP)]); "
        "sys.exit(bool({'numpy', 'onnxruntime', 'aiohttp', 'paho', 'amqtt', 'tokenizers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("door", "library", "switch"),
    [
        ("runtime.engine.session", "onnxruntime", "ORT_DISABLE_TELEMETRY"),
        ("models.runner", "onnxruntime", "ORT_DISABLE_TELEMETRY"),
        ("runtime.doctor.software", "onnxruntime", "ORT_DISABLE_TELEMETRY"),
        ("models.sources.hub", "huggingface_hub", "HF_HUB_DISABLE_TELEMETRY"),
    ],
)
def test_telemetry_is_off_when_its_library_is_looked_for(door: str, library: str, switch: str) -> None:
    code = (
        "import os, sys, importlib\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {library!r}: print(os.environ.get({switch!r}))\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"importlib.import_module({door!r}); import {library}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.split() == ["1"], done.stderr
