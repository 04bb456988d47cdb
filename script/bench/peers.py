"""Ours against llama.cpp on the same weights, in one run: each engine in its own process, rounds interleaved.

Started by script/bench-peers, which makes the peer's environment. Numbers are printed, never asserted.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from comparison import GOALS, Row, Spread, compare
from measurement import Measurement, Workload
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from models.errors import StoreError
from models.manifest import TOKENIZER_NAME
from models.sources.shelf import SourceShelf
from models.store import Bundle, Store, default_state_dir

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
PREFILL_TOKENS: Final = 512
PROMPT_TOKENS: Final = 64
ANSWER_TOKENS: Final = 128
CONTEXT: Final = 1024


def main() -> None:
    """Measure and report."""
    options = _arguments()
    bundle, gguf = _files(options)
    work = _workload(bundle, gguf, options.threads)
    engines = {
        "inglenook": (sys.executable, "inglenook_worker.py", replace(work, model=str(bundle))),
        "flash on": (options.peer_python, "llama_cpp_worker.py", replace(work, flash_attention=True)),
        "flash off": (options.peer_python, "llama_cpp_worker.py", work),
    }
    rounds: dict[str, list[Measurement]] = {name: [] for name in engines}
    for number in range(1, options.rounds + 1):
        for name, (python, script, workload) in engines.items():
            print(f"round {number} of {options.rounds}: {name}", file=sys.stderr)
            rounds[name].append(_run(python, HERE / script, workload))
    ours, peers = rounds["inglenook"], {name: rounds[name] for name in ("flash on", "flash off")}
    rows = compare(ours, peers)
    _print(rows)
    if options.json:
        options.json.write_text(json.dumps(_record(work, rounds, rows), indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench-peers", description=__doc__)
    parser.add_argument("model", nargs="?", default="smollm2-135m", help="as `ingle list` names it")
    parser.add_argument("--bundle", type=Path, help="directory of a bundle that is not in the store")
    parser.add_argument("--gguf", type=Path, help="what the peer loads, if not what the bundle was made from")
    parser.add_argument("--rounds", type=int, default=5, help="each engine runs once a round (default: 5)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each engine (default: all cores)"
    )
    parser.add_argument("--json", type=Path, help="also write every measurement here")
    parser.add_argument("--peer-python", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def _files(options: argparse.Namespace) -> tuple[Path, Path]:
    """Our bundle, and the weights it was made from: the store keeps both."""
    store = Store.below(default_state_dir())
    try:
        bundle = Bundle.open(options.bundle) if options.bundle else store.resolve(options.model)
    except StoreError as exc:
        sys.exit(str(exc))
    gguf = options.gguf or SourceShelf(store).weights(bundle.manifest.source)
    if gguf is None or gguf.suffix != ".gguf":
        sys.exit("llama.cpp reads GGUF, and this bundle was not made from one that is still here; use --gguf")
    return bundle.path, gguf


def _workload(bundle: Path, gguf: Path, threads: int) -> Workload:
    """English that every checkout has: the licence."""
    tokenizer = Tokenizer.from_file(str(bundle / TOKENIZER_NAME))
    ids = tuple(tokenizer.encode((ROOT / "LICENSE").read_text(encoding="utf-8")).ids)
    return Workload(
        model=str(gguf),
        flash_attention=False,
        threads=threads,
        context=CONTEXT,
        prefill=ids[:PREFILL_TOKENS],
        prompt=ids[-PROMPT_TOKENS:],
        tokens=ANSWER_TOKENS,
        repeats=3,
    )


def _run(python: str, script: Path, workload: Workload) -> Measurement:
    """Raises: subprocess.CalledProcessError: the worker failed; what it said is on standard error."""
    done = subprocess.run(
        [python, str(script)],
        input=workload.to_json(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Measurement(**json.loads(done.stdout.splitlines()[-1]))


def _print(rows: Sequence[Row]) -> None:
    table = Table(
        "", "inglenook", "llama.cpp", "its best", "ratio", "goal", "", title="median (lowest to highest)"
    )
    for row in rows:
        sign = ">=" if row.goal.more_is_better else "<="
        goal = f"{sign} {row.goal.bound}" if row.goal.bound is not None else ""
        verdict = {True: "met", False: "missed", None: ""}[row.met]
        table.add_row(
            row.goal.title, _text(row.ours), _text(row.peer), row.variant, _text(row.ratio), goal, verdict
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _text(spread: Spread) -> str:
    digits = 2 if spread.median < 10 else 0  # noqa: PLR2004  three digits say it all
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def _record(
    work: Workload, rounds: Mapping[str, Sequence[Measurement]], rows: Sequence[Row]
) -> dict[str, object]:
    return {
        "machine": {"system": platform.platform(), "cpu": _cpu(), "threads": work.threads},
        "tokens": {"prefill": len(work.prefill), "prompt": len(work.prompt), "answer": work.tokens},
        "rounds": {name: [asdict(m) for m in measured] for name, measured in rounds.items()},
        "ratios": {row.goal.field: asdict(row.ratio) | {"met": row.met, "peer": row.variant} for row in rows},
        "goals": [asdict(goal) for goal in GOALS],
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    main()
