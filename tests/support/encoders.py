"""The tiny encoders of `tests/encoders`: traced beforehand, so that bundles of them are built without torch."""

import json
import shutil
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.assemble import Order
from models.build import Identity
from models.bundle import Bundle
from models.export.build import Exporter
from models.export.reading import EncoderTask, Pooling
from models.manifest import Licence, Manifest, Source
from models.store import Store
from tests.support.small_bundle import quiet

ENCODERS: Final = Path(__file__).parents[1] / "encoders"


def weights(task: EncoderTask) -> Path:
    """The checkpoint, in Hugging Face's layout."""
    return ENCODERS / task / "weights"


def references(task: EncoderTask) -> dict[str, NDArray[np.float32]]:
    """What transformers makes of some texts, in float32."""
    raw = json.loads((ENCODERS / task / "reference.json").read_text(encoding="utf-8"))
    return {text: np.array(answer, np.float32) for text, answer in raw.items()}


def recorded_trace(_: Path, task: EncoderTask, into: Path) -> Path:
    """A `Tracer` that was asked before: by `tests/encoders/make.py`."""
    into.mkdir()
    return Path(shutil.copy(ENCODERS / task / "traced.onnx", into / "model.onnx"))


def build_encoder(
    task: EncoderTask,
    into: Path,
    *,
    recipe: str = "int8",
    checkpoint: Path | None = None,
    pooling: Pooling | None = None,
) -> Manifest:
    """Build the bundle into `into`, which is made."""
    into.mkdir(parents=True)
    identity = Identity(
        f"tiny-{task}", "1", Licence("Apache-2.0", ("commercial",)), Source("./tiny", "1", "0" * 64), ("en",)
    )
    order = Order(checkpoint or weights(task), identity, recipe)
    return Exporter(task, pooling, recorded_trace)(order, into, into.with_name(f"{into.name}-scratch"), quiet)


def furnish_encoder(state: Path, task: EncoderTask) -> Bundle:
    """Put a tiny encoder into the store of a state directory."""
    store = Store.below(state)
    with store.staging() as room:
        return store.add(room / "bundle", build_encoder(task, room / "bundle"))
