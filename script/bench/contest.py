"""Who takes part, how far each is from the fp32 weights, and the rounds in which each is measured once."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import machine
from comparison import Variant
from goals import GENAI, LLAMA, OURS
from graph_bytes import cache_bytes, weight_bytes
from materials import GENAI_BITS, LLAMA_BITS, Materials, bits_of
from workers import RemoteModel, Workers
from workload import Figures, Workload

from models.fidelity import TEXT_NAME, compare, length
from models.manifest import MANIFEST_NAME, Manifest
from models.runner import Runner, text_ids


@dataclass(frozen=True)
class Contender:
    """One engine with one file and one setting, before it is measured."""

    engine: str
    weights: str
    bits: int
    path: Path
    setting: str = ""

    @property
    def name(self) -> str:
        """For whoever waits."""
        return " ".join(filter(None, (self.engine, self.weights, self.setting)))

    def of(self, work: Workload) -> Workload:
        """What it is asked."""
        return replace(work, model=str(self.path), flash_attention=self.setting == "flash on")

    def measured(self, kl: float, rounds: Sequence[Figures]) -> Variant:
        """With what was found."""
        return Variant(self.engine, self.weights, self.bits, kl, tuple(rounds), self.setting)


def contenders(materials: Materials, recipes: Sequence[str], bundles: Sequence[Path]) -> Iterator[Contender]:
    """Ours, then each peer that was set up in each of its settings; files that are missing are made."""
    for recipe in recipes:
        path = materials.bundle(recipe)
        yield Contender(OURS, recipe, bits_of(path), path)
    for path in bundles:
        yield Contender(OURS, path.name, bits_of(path), path)
    if LLAMA in materials.workers.pythons and materials.source.suffix == ".gguf":
        for weights, bits in LLAMA_BITS.items():
            path = materials.gguf(weights)
            yield Contender(LLAMA, weights, bits, path, "flash on")
            yield Contender(LLAMA, weights, bits, path, "flash off")
    if GENAI in materials.workers.pythons:
        for precision, bits in GENAI_BITS.items():
            yield Contender(GENAI, precision, bits, materials.genai(precision))


def distance(one: Contender, reference: Path, work: Workload, workers: Workers, tokens: int | None) -> float:
    """Mean KL from the fp32 graph over the shipped text (or what foretells `tokens` of it), the same for everybody."""
    manifest = Manifest.from_json((reference / MANIFEST_NAME).read_bytes())
    near = Runner(reference, manifest)
    ids = text_ids(reference, manifest, TEXT_NAME)
    ids = ids if tokens is None else ids[: length(tokens, near.window)]
    if one.engine == OURS:
        return compare(ids, near, Runner(one.path, manifest)).kl_mean
    asked = replace(one.of(work), context=near.window)
    with RemoteModel(workers.command(one.engine, "logits"), asked, manifest.vocabulary_size) as far:
        return compare(ids, near, far).kl_mean


@dataclass
class Watch:
    """What else the machine did, a round each."""

    threads: int
    others: list[float]
    spins: list[float]

    @classmethod
    def start(cls, threads: int) -> "Watch":
        """Look before anything is measured."""
        return cls(threads, [machine.others_now()], [machine.spin(threads)])

    def round(self, work: Callable[[], None]) -> None:
        """Do a round's work, and note what others did meanwhile."""
        before = machine.Clock.read()
        work()
        self.others.append(machine.others_between(before, machine.Clock.read()))
        self.spins.append(machine.spin(self.threads))

    @property
    def objections(self) -> tuple[str, ...]:
        """As `machine.objections`."""
        return machine.objections(self.others, self.spins)


def speeds(
    field: Sequence[Contender], work: Workload, workers: Workers, rounds: int, watch: Watch
) -> dict[Contender, list[Figures]]:
    """Each contender once a round, in turn; who begins moves on, so that nobody always runs on a warm machine."""
    found: dict[Contender, list[Figures]] = {one: [] for one in field}

    def run(number: int) -> None:
        first = number * len(field) // rounds
        for one in (*field[first:], *field[:first]):
            say(f"round {number + 1} of {rounds}: {one.name}")
            found[one].append(workers.ask(one.engine, "speed", lines=[one.of(work).to_json()]))

    for number in range(rounds):
        watch.round(lambda number=number: run(number))  # type: ignore[misc]
    return found


def bandwidth_share(one: Contender, work: Workload, figures: Figures, bandwidth: float) -> Figures:
    """Of ours: how much of what the machine can read was read for the answer behind nothing."""
    if one.engine != OURS or "decode@0" not in figures:
        return figures
    manifest = Manifest.from_json((one.path / MANIFEST_NAME).read_bytes())
    read = weight_bytes(one.path) + cache_bytes(manifest, work.tokens // 2)
    return {
        **figures,
        "bytes_per_token": float(read),
        "bandwidth_share": read * figures["decode@0"] / bandwidth,
    }


def say(what: str) -> None:
    """What is being done, for whoever waits."""
    print(what, file=sys.stderr, flush=True)
