"""How a tensor that a converter changed becomes again what its maker published. Knows no architecture's names."""

from math import prod
from typing import Final

import numpy as np

from models.errors import WeightsError
from models.weights.naming.row import Array, Restored


def _with_axis(kernels: Array) -> Array:
    return kernels[:, None, :]


def _axis(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], 1, *shape[1:])


def _flat(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (prod(shape),)


def _logarithm(rates: Array) -> Array:
    if not (rates < 0).all():
        raise WeightsError("a layer's rates of decay (ssm_a) are not all below zero; fetch the file again")
    return np.log(-rates.ravel())


KERNELS: Final = Restored(_with_axis, _axis)
"""`[channels, taps]` to `[channels, 1, taps]`."""
FLAT: Final = Restored(np.ravel, _flat)
"""To one axis: the converter gives some vectors a second."""
LOGARITHM: Final = Restored(_logarithm, _flat)
"""`-exp(x)`, with a second axis, to `x`."""
