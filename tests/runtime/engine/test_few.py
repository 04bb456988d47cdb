"""Logits of few ids alone: what the whole head gives them, and nothing for the rest."""

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.manifest import Manifest
from runtime.engine.bank import Bank, new_slot
from runtime.engine.session import Session
from tests.support.goldens import GOLDENS
from tests.support.hybrid import hybrid_bundle
from tests.support.tiny import tiny_bundle

PROMPT: Final = np.arange(5, 25)
SAME: Final = 2e-4
"""Logits are some units apart; a sum in another order differs in its last digits."""
VARIANTS: Final = [path.name for path in GOLDENS]
NONE: Final = np.empty(0, dtype=np.int64)


def opened(path: Path, variant: str, recipe: str) -> tuple[Session, Manifest]:
    manifest = tiny_bundle(path / "b", variant=variant, recipe=recipe)
    return Session(path / "b", manifest, threads=1), manifest


def held(few: NDArray[np.float32], whole: NDArray[np.float32], ids: list[int]) -> None:
    """Logits [V] of these ids are the whole head's, and the others are not there."""
    np.testing.assert_allclose(few[ids], whole[ids], atol=SAME)
    assert np.isneginf(np.delete(few, ids)).all()


@pytest.mark.parametrize("recipe", ["fp32", "int8", "int8-asymmetric", "int4-affine-rare4"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_they_are_what_the_whole_head_gives(variant: str, recipe: str, tmp_path: Path) -> None:
    session, manifest = opened(tmp_path, variant, recipe)
    last, ids = np.array([3, len(PROMPT) - 1]), [0, 1, 17, manifest.vocabulary_size - 1]
    all_of_them, few_of_them = new_slot(session), new_slot(session)
    whole = all_of_them.prefill(PROMPT, asked=last)
    few = few_of_them.prefill(PROMPT, asked=last, among=ids)
    held(few[0], whole[0], ids)
    held(few[1], whole[1], ids)
    again = few_of_them.prefill(np.array([7, 8]), asked=np.array([1]))
    np.testing.assert_array_equal(again, all_of_them.prefill(np.array([7, 8]), asked=np.array([1])))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return opened(tmp_path_factory.mktemp("few"), "llama-tied", "int8")[0]


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.integers(0, 3), st.lists(st.integers(0, 255), max_size=9, unique=True).map(sorted)))
def test_each_slot_of_a_step_gets_its_own(session: Session, among: dict[int, list[int]]) -> None:
    rows, tokens = range(4), {0: 9, 1: 8, 3: 7}
    among = {row: ids for row, ids in among.items() if row in tokens}
    whole, few = (Bank(session, 4) for _ in range(2))
    for bank in (whole, few):
        for row in tokens:
            bank.slots[row].prefill(PROMPT + row, asked=NONE)
    expected = {row: logits.copy() for row, logits in whole.step(rows, tokens).items()}
    for row, logits in few.step(rows, tokens, among).items():
        held(logits, expected[row], among.get(row) or list(range(len(logits))))
    expected = whole.step(rows, tokens)
    for row, logits in few.step(rows, tokens).items():
        np.testing.assert_array_equal(logits, expected[row], "the next step asks for all again")


def test_a_graph_that_cannot_gives_them_all(tmp_path: Path) -> None:
    manifest = hybrid_bundle(tmp_path / "b")
    session = Session(tmp_path / "b", manifest, threads=1)
    asked, few = np.array([4]), [1, 2]
    whole = new_slot(session).prefill(PROMPT[:5], asked=asked)
    np.testing.assert_array_equal(new_slot(session).prefill(PROMPT[:5], asked=asked, among=few), whole)
    assert np.isfinite(Bank(session, 1).step(range(1), {0: 3}, {0: few})[0]).all()
