"""On this machine: bundles of a model by several recipes, and what its fp32 graph says of the text they are judged by.

Building and fp32 arithmetic would take hours in emulation, and neither is what differs there: the kernels that run a
quantised bundle are. Usage: record.py STATE MODEL TOKENS RECIPE...
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from models.build import Identity, build
from models.bundle import Bundle
from models.fidelity import TEXT_NAME
from models.pull import Wishes, pull
from models.quantize import recipe_named
from models.recorded import record
from models.runner import Runner, text_ids
from models.sources.interface import Progress, Step
from models.sources.shelf import SourceShelf
from models.store import Store
from models.weights import open_checkpoint


def main(state: Path, model: str, tokens: int, recipes: list[str]) -> None:
    """Leave the bundles in `state`, and `logits.npy` [tokens, V] beside them."""
    store = Store.below(state)
    bundles = [pull(model, store, _told, wishes=Wishes(recipe=recipe)).bundle for recipe in recipes]
    for recipe, bundle in zip(recipes, bundles, strict=True):
        (state / recipe).unlink(missing_ok=True)
        (state / recipe).symlink_to(bundle.path.relative_to(state))
    logits = state / "logits.npy"
    partial = logits.with_suffix(".part.npy")
    _fp32_logits(bundles[0], store, tokens, partial)
    partial.replace(logits)


def _fp32_logits(bundle: Bundle, store: Store, tokens: int, into: Path) -> None:
    """Run the fp32 graph of the weights that `bundle` was made of over the text."""
    manifest = bundle.manifest
    weights = SourceShelf(store).weights(manifest.source)
    if weights is None:
        sys.exit(
            f"the weights of {bundle.reference} are not in {store.root}; remove that directory and run again"
        )
    identity = Identity(manifest.name, "fp32", manifest.licence, manifest.source, manifest.languages)
    with tempfile.TemporaryDirectory(dir=store.root) as folder:
        fp32 = build(open_checkpoint(weights), identity, recipe_named("fp32"), Path(folder))
        ids = text_ids(bundle.path, manifest, TEXT_NAME)
        rows = np.lib.format.open_memmap(into, "w+", np.float32, (tokens, manifest.vocabulary_size))
        record(Runner(Path(folder), fp32), ids, rows)
        rows.flush()


def _told(event: Progress | Step) -> None:
    if isinstance(event, Step):
        print(event.what, file=sys.stderr)


if __name__ == "__main__":
    _, place, name, count, *wanted = sys.argv
    main(Path(place), name, int(count), wanted)
