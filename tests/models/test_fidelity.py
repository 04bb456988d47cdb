"""Distances between two models, held against ones worked out by hand; and as many tokens as were asked for."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.cpu import cpu_class
from models.fidelity import compare

IDS = np.zeros(23, dtype=np.int64)


class Constant:
    """Gives the same two probabilities everywhere."""

    window = 10

    def __init__(self, first: float) -> None:
        self._logits = np.log(np.array([first, 1 - first], np.float32))
        self.seen = 0

    def run(
        self, ids: NDArray[np.int64], past: int, outputs: Sequence[str], *, asked: int
    ) -> list[NDArray[np.float32]]:
        assert (list(outputs), asked) == (["logits"], len(ids))
        assert past + len(ids) < self.window
        self.seen += len(ids)
        return [np.broadcast_to(self._logits, (1, asked, 2)).copy()]


def test_the_figures_are_those_of_the_textbook() -> None:
    found = compare(IDS, Constant(0.5), Constant(0.25))
    assert found.kl_mean == found.kl_max == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3), rel=1e-3)
    assert (found.perplexity, found.reference_perplexity) == (4.0, 2.0)
    assert (found.top1, found.cpu, found.origin) == (0.0, cpu_class(), "built")
    assert compare(IDS, Constant(0.75), Constant(0.6)).top1 == 1.0


@pytest.mark.parametrize("tokens", [1, 8, 9, 10, 18, 20])
def test_as_many_tokens_are_compared_as_were_asked_for(tokens: int) -> None:
    near, far = Constant(0.5), Constant(0.4)
    assert compare(IDS, near, far, tokens=tokens).tokens == tokens
    assert (near.seen, far.seen) == (tokens, tokens)


def test_the_whole_text_is_what_its_own_number_of_tokens_is() -> None:
    whole = compare(IDS, Constant(0.5), Constant(0.4))
    assert compare(IDS, Constant(0.5), Constant(0.4), tokens=whole.tokens).tokens == whole.tokens == 20
