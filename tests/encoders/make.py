"""Make the tiny encoders, traced, and what the reference implementation answers, for tests that have no torch.

Needs the extra `export`; from the repository's root: python -m tests.encoders.make
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

from models.export.reading import EncoderTask
from models.export.tracing import trace
from tests.support import tiny_encoders

HERE: Final = Path(__file__).parent
MADE: Final[dict[EncoderTask, str]] = {"embed": "bert", "classify": "distilbert"}


def make(task: EncoderTask, kind: str) -> None:
    """A checkpoint, its graph as optimum traces it, and `reference.json` beside them."""
    folder = HERE / task
    shutil.rmtree(folder, ignore_errors=True)
    model = tiny_encoders.make(kind, folder / "weights", task=task, layers=1)
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(trace(folder / "weights", task, Path(work) / "traced"), folder / "traced.onnx")
    answers = {text: tiny_encoders.reference(model, text, task=task).tolist() for text in tiny_encoders.TEXTS}
    (folder / "reference.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for made, of in MADE.items():
        make(made, of)
