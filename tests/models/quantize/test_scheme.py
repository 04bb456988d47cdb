"""Schemes: what onnxruntime runs fast passes, everything else is refused with what to use instead."""

from dataclasses import replace
from typing import Any

import pytest

from models.errors import QuantizationError
from models.quantize import FP32, Scheme
from tests.support.schemes import SCHEMES, describe

INT8 = Scheme(bits=8, block=32, symmetric=True, method="rtn")


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_every_fast_combination_passes(scheme: Scheme) -> None:
    scheme.check(128)
    assert scheme.quantized
    assert scheme.accuracy_level == 4
    assert scheme.name == f"int{scheme.bits}"


def test_fp32_is_not_quantised() -> None:
    FP32.check(7)
    assert not FP32.quantized
    assert FP32.accuracy_level == 0
    assert FP32.name == "fp32"


@pytest.mark.parametrize(
    ("change", "inputs", "message"),
    [
        ({"bits": 2}, 128, "2-bit weights run on onnxruntime's slow path; use 4 or 8"),
        ({"bits": 5}, 128, "5-bit"),
        ({"bits": 16}, 128, "16-bit"),
        ({"block": 0}, 128, "block 0 runs on onnxruntime's slow path"),
        ({"block": 16}, 128, "use 32, 64 or 128"),
        ({"block": 256}, 256, "block 256"),
        ({"method": "none"}, 128, "no quantisation method 'none'; use rtn or kquant"),
        ({"method": "gptq"}, 128, "'gptq'"),
        ({"block": 128}, 576, "576 columns are no multiple of block 128; use block 32 or 64"),
        ({}, 100, "100 columns are no multiple of block 32; keep this matrix in fp32"),
        ({}, 0, "0 columns"),
        ({"bits": 32}, 128, "use the scheme FP32"),
    ],
)
def test_the_slow_path_is_refused(change: dict[str, Any], inputs: int, message: str) -> None:
    scheme = replace(INT8, **change)
    with pytest.raises(QuantizationError, match=message):
        scheme.check(inputs)
