"""How far each golden model's fp32 graph is from its reference; run as a program, writes `models/parity.toml`."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

from models.cpu import cpu_class
from models.parity import Parity
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.goldens import GOLDENS, Reference
from tests.support.tiny import tiny_bundle

LIMIT: Final = 1e-4
"""What every architecture is held to."""


def measured() -> dict[str, Parity]:
    """Figures by `model_type`, over all golden models."""
    found: dict[str, list[float]] = {}
    for golden in GOLDENS:
        kind = json.loads((golden / "config.json").read_text(encoding="utf-8"))["model_type"]
        found.setdefault(kind, []).append(largest_difference(golden))
    return {kind: Parity(max(differences), len(differences)) for kind, differences in sorted(found.items())}


def largest_difference(golden: Path) -> float:
    """Of any logit, in prefill and in single steps behind it."""
    reference = Reference.of(golden)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "bundle"
        manifest = tiny_bundle(bundle, variant=golden.name)
        slot = new_slot(Session(bundle, manifest, threads=1))
        prompt = np.array(reference.prompt)
        prefill = slot.prefill(prompt, asked=np.arange(len(prompt)))
        worst = np.abs(prefill - reference.prefill).max()
        for token, expected in zip(reference.greedy, reference.steps, strict=True):
            worst = max(worst, np.abs(slot.step(token) - expected).max())
    return float(worst)


def main(path: Path) -> None:
    """Measure, and write the record."""
    version = json.loads((GOLDENS[0] / "meta.json").read_text(encoding="utf-8"))["transformers"]
    lines = [
        "# Written by script/parity.",
        f'reference = "transformers {version}"',
        f'onnxruntime = "{onnxruntime.__version__}"',
        f'cpu = "{cpu_class()}"',
    ]
    for kind, figures in measured().items():
        lines += [
            "",
            f"[architectures.{kind}]",
            f"largest = {figures.largest:.1e}",
            f"models = {figures.models}",
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
