"""What `ingle show` and `ingle list` say of fidelity: this processor first, and plainly when it was never measured."""

from dataclasses import replace
from pathlib import Path

from models.bundle import Bundle
from models.cpu import cpu_class
from models.describe import facts, summary
from models.manifest import Fidelity, Quantization
from tests.support.manifest import tiny_manifest

BOARD = Fidelity(0.004, 0.1, 0.96, 36.2, 36.1, 256, "fidelity-en.txt", "fp32", "riscv64-x", "catalogue")
HERE = Fidelity(0.002, 0.05, 0.98, 36.1, 36.1, 2261, "fidelity-en.txt", "fp32", cpu_class())


def bundle(*rows: Fidelity) -> Bundle:
    return Bundle(Path("b"), replace(tiny_manifest(), fidelity=rows), "0" * 64)


def told(*rows: Fidelity) -> list[str]:
    return [value for label, value in facts(bundle(*rows)) if label in {"fidelity", "elsewhere"}]


def test_this_processor_comes_first() -> None:
    here, board = told(BOARD, HERE)
    assert here == (
        "KL 0.002 mean, 0.05 max; top-1 98.0%; perplexity 36.1 (fp32 36.1) over 2261 tokens of fidelity-en.txt, "
        f"on {cpu_class()} as here"
    )
    assert board.endswith("over 256 tokens of fidelity-en.txt (the catalogue's figures), on riscv64-x")


def test_a_processor_that_was_never_measured_is_named() -> None:
    here, board = told(BOARD)
    assert here == f"never measured on {cpu_class()} as here; `ingle verify tiny --fidelity` does"
    assert board.startswith("KL 0.004")
    assert told() == ["not measured"]


def test_the_list_has_the_figure_of_this_processor_only() -> None:
    assert summary(bundle(BOARD, HERE))["kl_mean"] == HERE.kl_mean
    assert summary(bundle(BOARD))["kl_mean"] is None


def test_what_storing_changed_in_the_weights_is_told() -> None:
    kept = Quantization(
        "embedding",
        "int8",
        32,
        symmetric=True,
        method="stored",
        smoothed=False,
        matrices=1,
        error=0.0,
        float_inputs=(),
    )
    rounded = replace(kept, group="mlp", method="rtn", smoothed=True, matrices=60, error=0.00513)
    spared = replace(rounded, scheme="int4", smoothed=False, float_inputs=("layers.1.mlp.down.weight",))
    manifest = replace(tiny_manifest(), quantization=(kept, rounded, spared))
    assert dict(facts(Bundle(Path("b"), manifest, "0" * 64)))["quantisation"] == (
        "embedding int8/32 as stored, without loss; mlp int8/32 smoothed, off by 0.51 %; "
        "mlp int4/32, off by 0.51 %, 1 of 60 with float inputs"
    )
