"""Is an encoder's bundle still as far from fp32 as its manifest says? Traced and measured again from its weights."""

import math
from pathlib import Path

from models.bundle import Bundle
from models.errors import StoreError
from models.export import graph, packed
from models.export.bert import write
from models.export.fidelity import measure
from models.export.reading import read
from models.export.tracing import trace
from models.manifest import ENCODER_NAME, Encoder


def _say_nothing(_: object) -> None:
    """Unpacking takes less than what is told of it."""


def measure_again(bundle: Bundle, encoder: Encoder, weights: Path, workspace: Path) -> str:
    """Measure and compare; returns what was found, in words.

    Raises:
        StoreError: the figures disagree.
        ExportError: the extra is not installed, or cannot export these weights any more.
    """
    recorded, task = encoder.fidelity, encoder.task
    if recorded is None:
        raise RuntimeError("whoever asks has seen that there is a figure")
    tracer = trace
    if weights.is_file():  # the catalogue's, which nothing but us is needed for
        packed.unpack(weights, workspace / "weights", _say_nothing)
        weights, tracer = workspace / "weights", write
    reading = read(weights, task, encoder.pooling if task == "embed" else None)
    model = graph.load(tracer(weights, task, workspace / "traced"))
    graph.finish(model, reading)
    graph.save(model, workspace / ENCODER_NAME)
    measured = measure(bundle.path, workspace, task, maximum_tokens=bundle.manifest.context_length)
    # What is lost is what kernels may change: to a twentieth of it on one kind of processor, to a half on another.
    tolerance = 0.05 if recorded.cpu == measured.cpu else 0.5
    if not math.isclose(1 - recorded.cosine_mean, 1 - measured.cosine_mean, rel_tol=tolerance, abs_tol=2e-5):
        raise StoreError(
            f"{bundle.reference} measures cosine {measured.cosine_mean} on {measured.cpu}, but "
            f"{recorded.cosine_mean} was recorded on {recorded.cpu}; export it again with --force"
        )
    return f"fidelity reproduced: cosine {measured.cosine_mean} mean on {measured.cpu}"
