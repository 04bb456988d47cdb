"""What was stored how, matrix by matrix, as a graph is built; summed up for the manifest."""

from typing import Final

from models.manifest import Quantization
from models.quantize.loss import Loss
from models.quantize.scheme import Scheme

_GROUPS: Final = ("encoder", "embedding", "attention", "mlp", "head")
_DIGITS: Final = 3
_SMOOTHED: Final = frozenset({"attention", "mlp"})

_Key = tuple[str, Scheme]


class Ledger:
    """Matrices by group and by the scheme that each was given in the end."""

    def __init__(self) -> None:
        self._losses: dict[_Key, list[Loss]] = {}
        self._spared: dict[_Key, list[str]] = {}

    def add(self, name: str, asked: Scheme, given: Scheme, loss: Loss, *, spared: bool = False) -> None:
        """Enter the matrix whose weights are `name`: stored as `given` where the recipe said `asked`.

        `spared`: what goes into it is not rounded to eight bits.
        """
        key = (asked.group, Scheme(given.bits, given.block, given.symmetric, given.method))
        self._losses.setdefault(key, []).append(loss)
        if spared:
            self._spared.setdefault(key, []).append(name)

    def summary(self, *, smoothed: bool) -> tuple[Quantization, ...]:
        """One row a group and scheme, in the order of a model; `smoothed` if activations were evened out before."""
        keys = sorted(self._losses, key=lambda key: (_GROUPS.index(key[0]), -key[1].bits, key[1].symmetric))
        return tuple(
            Quantization(
                group=group,
                scheme=scheme.name,
                block=scheme.block,
                symmetric=scheme.symmetric,
                method=scheme.method,
                smoothed=smoothed and scheme.quantized and group in _SMOOTHED,
                matrices=len(self._losses[group, scheme]),
                error=float(f"{sum(self._losses[group, scheme], Loss()).relative:.{_DIGITS}g}"),
                float_inputs=tuple(self._spared.get((group, scheme), ())),
            )
            for group, scheme in keys
        )
