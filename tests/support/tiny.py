"""Tiny real bundles, built in milliseconds from the golden checkpoints: real onnxruntime, no download."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from models.assemble import Reference
from models.build import Identity, build
from models.checkpoint import Checkpoint
from models.manifest import Licence, Manifest, Source
from models.quantize import CacheType, Recipe, recipe_named
from models.weights import open_checkpoint
from tests.support.goldens import GOLDEN_DIR

IDENTITY: Final = Identity(
    name="tiny",
    version="1",
    licence=Licence("Apache-2.0", ("commercial",)),
    source=Source("golden", "1", "0" * 64),
    languages=("en",),
)


def tiny_checkpoint(variant: str = "llama-tied") -> Checkpoint:
    """One of the golden checkpoints."""
    return open_checkpoint(GOLDEN_DIR / variant)


def tiny_bundle(
    into: Path,
    *,
    recipe: Recipe | str = "fp32",
    variant: str = "llama-tied",
    kv: CacheType = "float32",
    name: str = IDENTITY.name,
    converses: bool = True,
) -> Manifest:
    """Build a golden checkpoint into `into`, which is made; one that does not converse has no chat template."""
    into.mkdir(parents=True)
    chosen = recipe_named(recipe) if isinstance(recipe, str) else recipe
    identity = replace(IDENTITY, name=name)
    if kv == "float32":
        checkpoint = tiny_checkpoint(variant)
        return build(
            checkpoint if converses else replace(checkpoint, chat_template=""), identity, chosen, into
        )
    with tempfile.TemporaryDirectory() as scratch:
        reference = Reference.build(tiny_checkpoint(variant), identity, Path(scratch) / "reference", kv)
        return reference.quantize(chosen.keeping(kv), into)
