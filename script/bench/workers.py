"""How a worker is started and asked: which interpreter, which script, which verb. Knows no figures."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np
from goals import GENAI, LLAMA, OURS
from numpy.typing import NDArray
from workload import Workload

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent


@dataclass(frozen=True)
class Workers:
    """One interpreter an engine; an engine that is not here is not asked."""

    pythons: dict[str, str]

    def command(self, engine: str, verb: str, *arguments: str) -> list[str]:
        """The process that answers `verb`."""
        return [self.pythons[engine], str(HERE / _SCRIPTS[engine]), verb, *arguments]

    def ask(self, engine: str, verb: str, *arguments: str, lines: Sequence[str] = ()) -> dict[str, Any]:
        """Run a worker to its end; its answer is one JSON object.

        Raises:
            subprocess.CalledProcessError: it failed; what it said is on standard error.
        """
        done = subprocess.run(
            self.command(engine, verb, *arguments),
            input="".join(f"{line}\n" for line in lines),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=environment(),
        )
        told: dict[str, Any] = json.loads(done.stdout)
        return told


_SCRIPTS: Final = {OURS: "inglenook_worker.py", LLAMA: "llama_cpp_worker.py", GENAI: "genai_worker.py"}


def environment() -> dict[str, str]:
    """Ours, with this checkout's packages first, whatever the interpreter has installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


class RemoteModel:
    """A peer as `models.fidelity` sees a model: chunks of tokens go in, rows of logits come out of a pipe."""

    def __init__(self, command: Sequence[str], workload: Workload, vocabulary: int) -> None:
        self.window = workload.context
        self._vocabulary = vocabulary
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
        )
        self._say(workload.to_json())
        found = int(self._out.readline() or 0)
        if found != vocabulary:
            raise RuntimeError(f"a worker has {found} tokens where ours has {vocabulary}: {command!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(
        self, ids: NDArray[np.int64], past: int, outputs: Sequence[str], *, asked: int
    ) -> list[NDArray[np.float32]]:
        """As `models.runner.Runner.run`.

        Raises:
            RuntimeError: the worker ended early; what it said is on standard error.
        """
        del outputs
        self._say(json.dumps([past == 0, ids.tolist()]))
        wanted = 4 * asked * self._vocabulary
        found = self._out.read(wanted)
        if len(found) != wanted:
            raise RuntimeError(f"a worker ended in mid-answer: {self._process.args!r}")
        return [np.frombuffer(bytearray(found), dtype=np.float32).reshape(1, asked, self._vocabulary)]

    @property
    def _out(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101  opened as a pipe
        return self._process.stdout

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101  opened as a pipe
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()


def pythons(llama: str | None, genai: str | None) -> dict[str, str]:
    """Those that were set up, and our own."""
    found = {OURS: sys.executable, LLAMA: llama, GENAI: genai}
    return {engine: python for engine, python in found.items() if python is not None}
