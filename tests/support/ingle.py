"""The command line as a person runs it: a process of its own, against servers on loopback."""

import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from models.cli import commands
from tests.support.ggufs import write_gguf
from tests.support.model_server import ModelServer
from tests.support.tiny import tiny_checkpoint

REFERENCE: Final = "wheel:tiny-llama==1.0#tiny_llama/tiny.gguf"
NAME: Final = "tiny"
ACCEPT: Final = ("--accept-licence", "LicenseRef-unknown")
_MAIN: Final = "from models.cli import commands; commands(prog_name='ingle')"


def offer_tiny_llama(server: ModelServer, scratch: Path) -> bytes:
    """Put a wheel with a tiny real Llama on the index; returns the wheel."""
    path = scratch / "tiny.gguf"
    write_gguf(path, tiny_checkpoint())
    return server.add_wheel("tiny-llama", "1.0", {"tiny_llama/tiny.gguf": path.read_bytes()})


def environment(state: Path, server: ModelServer | None) -> dict[str, str]:
    """What a process needs to see nothing but `state` and `server`."""
    asked = server.url if server else "http://127.0.0.1:9"  # the discard port: nobody listens
    return {
        **os.environ,
        "INGLENOOK_STATE": str(state),
        "PIP_INDEX_URL": f"{asked}/simple",
        "HF_ENDPOINT": asked,
        "HF_HOME": str(state / "hf"),
        "NO_PROXY": "127.0.0.1",
    }


def command(arguments: tuple[str, ...]) -> list[str]:
    """The command line of `ingle`."""
    return [sys.executable, "-c", _MAIN, *arguments]


def start(arguments: tuple[str, ...], variables: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start `ingle` with `arguments`."""
    return subprocess.Popen(
        command(arguments),
        env=dict(variables),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(arguments: tuple[str, ...], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `ingle` to its end."""
    process = start(arguments, variables)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def main_in_child(arguments: tuple[str, ...], variables: Mapping[str, str], ready: Connection) -> None:
    """`ingle` in a process that was forked with everything imported: it says when it begins, and is then on its own."""
    os.environ.update(variables)
    with Path(os.devnull).open("w", encoding="utf-8") as silence:
        os.dup2(silence.fileno(), 1)
        os.dup2(silence.fileno(), 2)
    ready.send(None)
    commands(arguments, prog_name="ingle")
