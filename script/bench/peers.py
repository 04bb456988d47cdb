"""Ours against llama.cpp and onnxruntime-genai: the same weights and prompts, a process each, rounds interleaved.

Started by script/bench-peers, which makes the peers' environments. Figures are printed and judged against the goals;
nothing fails because of them.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import machine
from contest import Watch, bandwidth_share, contenders, distance, say, speeds
from goals import GENAI, LLAMA
from materials import Materials
from report import Result, save, show
from rich.console import Console
from tasks import Tasks
from workers import ROOT, Workers, environment, pythons
from workload import Workload

from models.build import Identity
from models.errors import StoreError
from models.fidelity import TEXT_NAME
from models.manifest import MANIFEST_NAME, TOKENIZER_NAME, Licence, Manifest, Source
from models.sources.shelf import SourceShelf
from models.store import Store, default_state_dir
from runtime.text.tokenizer import Tokenizer

RECIPES: Final = (
    "int8",
    "int8-block64",
    "int4-affine",
    "int4-affine-rare4",
    "int4-mixed",
    "int4",
    "int4-whole",
)
PREFILLS: Final = (32, 128, 512, 2048)
PASTS: Final = (0, 512, 2048)


def main(arguments: Sequence[str] | None = None) -> Result:
    """Measure, report, and return what was reported."""
    options = _options(arguments)
    workers = Workers(pythons(options.llama_python, options.genai_python))
    source, identity = _weights(options)
    materials = Materials(options.folder / _digest(source), source, identity, workers, say)
    field = list(contenders(materials, options.recipes, options.bundle))
    reference = materials.bundle("fp32")
    work = _workload(reference, options)
    far = {}
    for one in field:
        say(f"distance from fp32: {one.name}")
        far[one] = distance(one, reference, work, workers, options.fidelity_tokens)
    say("reading memory")
    bandwidth = machine.read_bandwidth(options.threads)
    watch = Watch.start(options.threads)
    rounds = speeds(field, work, workers, options.rounds, watch)
    rounds = {
        one: [bandwidth_share(one, work, each, bandwidth) for each in found] for one, found in rounds.items()
    }
    variants = {one: one.measured(far[one], rounds[one]) for one in field}
    tasks = Tasks(work, workers, reference, materials.folder / "state", watch)
    notes = _notes(materials, options) + tasks.run(variants)
    result = Result(
        machine=_machine(options.threads, bandwidth, watch),
        model=identity.name,
        source=source.name,
        variants=tuple(variants.values()),
        objections=watch.objections,
        judged_anyway=options.judge_anyway,
        notes=tuple(notes),
    )
    show(result, Console(width=None if sys.stdout.isatty() else 180))
    if options.save:
        save(result, options.save)
    return result


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench-peers", description=__doc__)
    parser.add_argument("model", nargs="?", default="smollm2-135m", help="as `ingle list` names it")
    parser.add_argument(
        "--weights", type=Path, help="GGUF file that all is made from, if not the model's own"
    )
    parser.add_argument(
        "--recipes", type=_words, default=RECIPES, help=f"ours (default: {','.join(RECIPES)})"
    )
    parser.add_argument(
        "--bundle", type=Path, action="append", default=[], help="one more of ours; repeatable"
    )
    parser.add_argument("--rounds", type=int, default=5, help="each engine runs once a round (default: 5)")
    parser.add_argument("--tokens", type=int, default=64, help="length of an answer (default: 64)")
    parser.add_argument("--prefills", type=_numbers, default=PREFILLS, help="lengths of prompts, 32,128,...")
    parser.add_argument(
        "--pasts", type=_numbers, default=PASTS, help="decode behind so many tokens, 0,512,..."
    )
    parser.add_argument("--fidelity-tokens", type=int, help="of the shipped text (default: all of it)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each engine (default: all cores)"
    )
    parser.add_argument(
        "--save", type=Path, help="write peers.json, peers.md and peers.svg into this directory"
    )
    parser.add_argument(
        "--judge-anyway", action="store_true", help="give verdicts on a machine that others use too"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench" / "models", help="keeps what was made")
    parser.add_argument("--llama-python", help=argparse.SUPPRESS)
    parser.add_argument("--genai-python", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _weights(options: argparse.Namespace) -> tuple[Path, Identity]:
    """The file that all is made from, and what our bundles say of themselves."""
    if options.weights:
        unknown = Source(options.weights.name, "0", "0" * 64)
        return options.weights, Identity(options.weights.stem, "1", Licence("NOASSERTION"), unknown, ("en",))
    store = Store.below(default_state_dir())
    try:
        manifest = store.resolve(options.model).manifest
    except StoreError:
        pull = [sys.executable, "-m", "runtime", "pull", options.model]
        subprocess.run(pull, check=True, env=environment())
        manifest = store.resolve(options.model).manifest
    weights = SourceShelf(store).weights(manifest.source)
    if weights is None:
        sys.exit(f"the weights of {options.model} are no longer here; use --weights, or `ingle pull --force`")
    return weights, Identity(
        manifest.name,
        manifest.version,
        manifest.licence,
        manifest.source,
        manifest.languages,
        manifest.tool_dialect,
    )


def _digest(source: Path) -> str:
    """Names what is made from these weights: by their size and name, for they are large and do not change."""
    size = source.stat().st_size
    return f"{source.stem}-{size:x}"


def _workload(reference: Path, options: argparse.Namespace) -> Workload:
    """English that every checkout has, the licence, again and again. What the context does not hold falls out."""
    manifest = Manifest.from_json((reference / MANIFEST_NAME).read_bytes())
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    ids = Tokenizer.load(reference / TOKENIZER_NAME).encode(text, special=False)
    room = manifest.context_length - options.tokens
    prefills, pasts = ([n for n in lengths if n < room] for lengths in (options.prefills, options.pasts))
    longest = max(*prefills, *pasts)
    return Workload(
        model="",
        threads=options.threads,
        context=min(manifest.context_length, -(-(longest + options.tokens + 1) // 256) * 256),
        text=tuple(islice(cycle(ids), longest)),
        prefills=tuple(prefills),
        pasts=tuple(pasts),
        tokens=options.tokens,
    )


def _notes(materials: Materials, options: argparse.Namespace) -> list[str]:
    """What exactly was compared."""
    tokens = options.fidelity_tokens or "all"
    said = [
        f"KL in nats a token over {tokens} tokens of {TEXT_NAME}, to our fp32 graph of {materials.source.name}"
    ]
    if LLAMA in materials.workers.pythons:
        said.append(
            "llama.cpp through llama-cpp-python, built for this processor; what is not the source file itself was made "
            "from it by llama.cpp's own quantiser"
        )
    if GENAI in materials.workers.pythons:
        said.append(
            "onnxruntime-genai with folders of its own builder (block 32, symmetric, activations in int8, pruned head) "
            "from the dequantised weights, in its own loop; its KL is taken a token at a time"
        )
    return said


def _machine(threads: int, bandwidth: float, watch: Watch) -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "cpu": machine.processor(),
        "threads": threads,
        "read_bandwidth": bandwidth,
        "others": watch.others,
        "spins": watch.spins,
        "onnxruntime": version("onnxruntime"),
    }


if __name__ == "__main__":
    main()
