"""Every quantisation scheme there is."""

from itertools import product
from typing import Final

from models.quantize import Scheme
from models.quantize.scheme import Bits, Block, Method

_BITS: Final[tuple[Bits, ...]] = (4, 8)
_BLOCKS: Final[tuple[Block, ...]] = (32, 64, 128)
_METHODS: Final[tuple[Method, ...]] = ("rtn", "kquant")

SCHEMES: Final = tuple(
    Scheme(bits=bits, block=block, symmetric=symmetric, method=method)
    for bits, block, symmetric, method in product(_BITS, _BLOCKS, (True, False), _METHODS)
)


def describe(scheme: Scheme) -> str:
    """A name for a test's parameter."""
    return f"{scheme.name}-{scheme.block}-{'sym' if scheme.symmetric else 'asym'}-{scheme.method}"
