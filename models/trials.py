"""Every quantisation that makes sense for a model, tried and measured side by side, and which of them to take.

Knows what to try and how to choose; building and measuring are `models.assemble`'s and `models.fidelity`'s.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.assemble import Reference, default_recipe_of, fits
from models.build import Identity
from models.bundle import Bundle
from models.checkpoint import Checkpoint
from models.errors import QuantizationError
from models.fidelity import Logits
from models.machine import Machine
from models.manifest import Fidelity, Licence, Source
from models.quantize import RECIPES, CacheType, Recipe
from models.recorded import foretold, keep, measure_against
from models.room import BUNDLE, recordable
from models.sources.interface import Report, Step
from models.speed import decode_rate

MOST_KL: Final = 0.02
"""Mean divergence from fp32, in nats a token, that a smaller bundle may cost."""
_SMALL: Final = (
    "int8",
    "int8-asymmetric",
    "int8-block64",
    "int8-block128",
    "int4-affine",
    "int4-mixed",
    "int4",
)
_LARGE: Final = (
    "int8",
    "int8-block128",
    "int4-affine",
    "int4-mixed",
    "int4",
    "int4-block64",
    "int4-block128",
)
_LARGE_MODEL: Final = 500_000_000
COLUMNS: Final = (
    "recipe",
    "bytes",
    "kl_mean",
    "kl_max",
    "top1",
    "perplexity",
    "build_s",
    "tokens_s",
    "chosen",
)
_NO_ROOM: Final = "the fp32 graph to measure against has no room here; try on a larger machine"
_IDENTITY: Final = Identity("trial", "1", Licence("none"), Source("trial", "1", "0" * 64), ())


@dataclass(frozen=True, slots=True)
class Trial:
    """One recipe, measured on this machine."""

    recipe: str
    bytes: int
    """Of the bundle."""
    fidelity: Fidelity
    build_s: float
    tokens_s: float
    """When decoding (`models.speed`)."""


def candidates(checkpoint: Checkpoint) -> tuple[Recipe, ...]:
    """What is worth trying: as the file stores it where it is quantised, then from most bits to fewest."""
    names = _LARGE if checkpoint.parameters >= _LARGE_MODEL else _SMALL
    stored = ("as-stored",) if checkpoint.quantized else ()
    wanted = dict.fromkeys((*stored, *names, default_recipe_of(checkpoint).name))
    return tuple(RECIPES[name] for name in wanted)


def best(trials: Sequence[Trial]) -> Trial:
    """The smallest whose mean KL is at most `MOST_KL`; where none is, the one nearest to fp32."""
    near = [trial for trial in trials if trial.fidelity.kl_mean <= MOST_KL]
    if near:
        return min(near, key=lambda trial: (trial.bytes, trial.fidelity.kl_mean))
    return min(trials, key=lambda trial: trial.fidelity.kl_mean)


def rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """The lines of `ingle quantize --explain`, the smallest bundle first."""
    chosen = best(trials)
    return [
        {
            "recipe": trial.recipe,
            "bytes": trial.bytes,
            "kl_mean": trial.fidelity.kl_mean,
            "kl_max": trial.fidelity.kl_max,
            "top1": trial.fidelity.top1,
            "perplexity": trial.fidelity.perplexity,
            "build_s": trial.build_s,
            "tokens_s": trial.tokens_s,
            "chosen": trial is chosen,
        }
        for trial in sorted(trials, key=lambda trial: trial.bytes)
    ]


def choice(trials: Sequence[Trial]) -> str:
    """Why the chosen one is."""
    chosen, fp32 = best(trials), trials[0].fidelity.reference_perplexity
    near = chosen.fidelity.kl_mean <= MOST_KL
    why = (
        f"the smallest with a mean KL of at most {MOST_KL}"
        if near
        else "the nearest to fp32, none being near"
    )
    return f"{chosen.recipe} is {why}; perplexity of fp32 is {fp32}, all on {chosen.fidelity.cpu}"


def tried(
    checkpoint: Checkpoint, recipes: Sequence[Recipe], workspace: Path, report: Report
) -> Iterator[Trial]:
    """Build each in the empty directory `workspace`, measure it, and throw it away.

    Raises:
        QuantizationError: there is no room for the fp32 graph or what it says, so nothing could be measured.
    """
    if not fits(checkpoint, workspace / "reference", report):
        raise QuantizationError(_NO_ROOM)
    report(Step("building the fp32 graph to measure against"))
    kv: CacheType = "int8" if any(recipe.kv == "int8" for recipe in recipes) else "float32"
    reference = Reference.build(checkpoint, _IDENTITY, workspace / "reference", kv)
    said = _said(reference, report)
    for recipe in recipes:
        report(Step(f"trying {recipe.name}"))
        into = workspace / recipe.name
        into.mkdir()
        start = time.perf_counter()
        try:
            manifest = reference.quantize(recipe, into)
        except QuantizationError as exc:  # a block that these shapes have no room for
            report(Step(f"{recipe.name} is left out: {exc}"))
            shutil.rmtree(into)
            continue
        built = time.perf_counter() - start
        size = sum(file.size for file in manifest.files)
        fidelity = measure_against(said, into, manifest)
        speed = decode_rate(Bundle(into, manifest, manifest.digest))
        yield Trial(recipe.name, size, fidelity, round(built, 1), round(speed, 1))
        shutil.rmtree(into)


def _said(reference: Reference, report: Report) -> Logits:
    """What fp32 says, asked once for all recipes; of fewer tokens where the disk is to hold a bundle, too."""
    manifest, free = reference.manifest, Machine.measure(reference.path).disk_free
    whole = foretold(reference.path, manifest)
    tokens = recordable(whole, manifest.vocabulary_size, free - BUNDLE * manifest.parameters)
    if not tokens:
        raise QuantizationError(_NO_ROOM)
    if tokens < whole:
        report(Step(f"measuring {tokens} of {whole} tokens: the disk has no room for more"))
    return keep(reference.path, manifest, tokens)
