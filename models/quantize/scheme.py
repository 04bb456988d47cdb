"""How a matrix is stored: bits, block, symmetry, and who chose the scales. Data and its rules; no arithmetic.

The rules are those of onnxruntime's MatMulNBits on the CPU: whatever it would run by expanding the whole
matrix to float32 at each call is refused here, since it says so itself only in a log line.
"""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from models.errors import QuantizationError

Bits = Literal[4, 8, 32]
Block = Literal[0, 32, 64, 128]
Method = Literal["none", "rtn", "kquant", "affine", "stored"]

_BLOCKS: Final = (32, 64, 128)
_METHODS: Final = ("rtn", "kquant", "affine", "stored")
_NAMES: Final = {4: "int4", 8: "int8", 32: "fp32"}


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to store a matrix `[out, in]`; blocks run along `in`."""

    bits: Bits
    block: Block
    """Weights that share a scale; 0 for fp32."""
    symmetric: bool
    """Zero is the middle of the range in every block, rather than chosen per block."""
    method: Method
    """rtn: scale from the extremes, nearest level. kquant: scale and zero point searched for least error.
    affine: a floating-point minimum a block, as GGUF's Q4_1 has it. stored: on the grid that the weights lie on
    already, with no fewer bits than said here, and as many as lose nothing."""
    group: str = field(default="", compare=False)
    """What a recipe has it for; says nothing of how."""
    spared: frozenset[str] = frozenset()
    """Activations, as the graph calls them, that are not to be rounded to eight bits (`models.outliers`)."""

    @property
    def name(self) -> str:
        """The manifest's word: fp32, int8 or int4."""
        return _NAMES.get(self.bits, f"{self.bits} bits")

    @property
    def quantized(self) -> bool:
        """Whether weights are stored as integers at all."""
        return self.bits != FP32.bits

    @property
    def accuracy_level(self) -> int:
        """MatMulNBits' attribute: 4 computes in int8; below 4, eight-bit weights take the slow path."""
        return 4 if self.quantized else 0

    def check(self, inputs: int) -> None:
        """Refuse what onnxruntime would run on its slow path, for a matrix `inputs` wide.

        Raises:
            QuantizationError: bits, block or method do not exist, or the columns do not fill whole blocks.
        """
        if not self.quantized:
            if replace(self, group="", spared=frozenset()) != FP32:
                raise QuantizationError(
                    "fp32 has no block, zero point or method; use the scheme FP32 as it is"
                )
            return
        if self.bits not in _NAMES:
            raise QuantizationError(f"{self.bits}-bit weights run on onnxruntime's slow path; use 4 or 8")
        if self.block not in _BLOCKS:
            raise QuantizationError(f"block {self.block} runs on onnxruntime's slow path; use 32, 64 or 128")
        if self.method not in _METHODS:
            raise QuantizationError(
                f"there is no quantisation method {self.method!r}; use {' or '.join(_METHODS)}"
            )
        if self.method == "affine" and (self.bits != 4 or self.symmetric):  # noqa: PLR2004  its grid is Q4_1's
            raise QuantizationError(
                "the affine method is for four bits, asymmetric; use rtn or kquant otherwise"
            )
        if self.method == "stored" and (self.block != 32 or self.symmetric):  # noqa: PLR2004  the formats' own
            raise QuantizationError("the stored method is for blocks of 32, asymmetric; use rtn otherwise")
        if inputs < 1 or inputs % self.block:
            fitting = [str(block) for block in _BLOCKS if inputs > 0 and inputs % block == 0]
            advice = f"use block {' or '.join(fitting)}" if fitting else "keep this matrix in fp32"
            raise QuantizationError(f"{inputs} columns are no multiple of block {self.block}; {advice}")


FP32: Final = Scheme(bits=32, block=0, symmetric=True, method="none")
"""Stored as it is."""
