"""Both graphs of a tiny random Whisper against transformers, through the session that serves them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.engine.transcriber import Heard, TranscriberSession
from tests.support.goldens import log_softmax
from tests.support.whispers import Golden, convert, tiny_whisper

GOLDEN = Golden.read()
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> TranscriberSession:
    bundle = tiny_whisper(tmp_path_factory.mktemp("whisper") / "fp32")
    return TranscriberSession(bundle.path, bundle.manifest)


@pytest.fixture(scope="module")
def heard(session: TranscriberSession) -> Heard:
    return session.hear(GOLDEN.mel)


def prompted(session: TranscriberSession, heard: Heard) -> NDArray[np.float32]:
    return session.write(heard, GOLDEN.ids, range(len(GOLDEN.ids)), 1).prompted


def test_a_prompt_gets_the_logits_of_the_reference(session: TranscriberSession, heard: Heard) -> None:
    np.testing.assert_allclose(prompted(session, heard), GOLDEN.logits, atol=TOLERANCE)


def test_a_token_a_step_does_too(session: TranscriberSession, heard: Heard) -> None:
    writing = session.write(heard, GOLDEN.ids[:2], (1,), 20)
    np.testing.assert_allclose(writing.prompted[0], GOLDEN.logits[1], atol=TOLERANCE)
    for place, token in enumerate(GOLDEN.ids[2:], start=2):
        np.testing.assert_allclose(writing.follow([0], [token])[0], GOLDEN.logits[place], atol=TOLERANCE)


def test_rows_share_what_was_heard_and_nothing_else(session: TranscriberSession, heard: Heard) -> None:
    writing = session.write(heard, GOLDEN.ids[:3], (2,), 20)
    writing.follow([0, 0, 0], [7, GOLDEN.ids[3], 9])
    logits = writing.follow([1, 0, 1], [GOLDEN.ids[4], 5, GOLDEN.ids[4]]).copy()
    for row in (0, 2):
        np.testing.assert_allclose(logits[row], GOLDEN.logits[4], atol=TOLERANCE)
    assert np.abs(logits[1] - GOLDEN.logits[4]).max() > 0.01
    alone = writing.follow([2], [GOLDEN.ids[5]])
    np.testing.assert_allclose(alone[0], GOLDEN.logits[5], atol=TOLERANCE)


def test_there_is_room_for_so_many_tokens_and_never_more_than_the_context(
    session: TranscriberSession, heard: Heard
) -> None:
    writing = session.write(heard, (257,), (0,), 2)
    writing.follow([0], [5])
    assert writing.left == 1
    assert session.write(heard, (257,), (0,), 1000).left == session.manifest.context_length - 1


def test_a_shorter_sound_is_heard_in_fewer_positions(session: TranscriberSession) -> None:
    states = session.hear(GOLDEN.mel[:, :40]).states
    assert {state.shape for state in states.values()} == {(1, 2, 20, 16)}


@pytest.mark.parametrize("kind", ["float32", "float16"])
def test_weights_of_ctranslate2_make_the_same_graph(tmp_path: Path, kind: str) -> None:
    bundle = tiny_whisper(tmp_path / "bundle", weights=convert(tmp_path / "converted", kind=kind))
    session = TranscriberSession(bundle.path, bundle.manifest)
    found = prompted(session, session.hear(GOLDEN.mel))
    np.testing.assert_allclose(found, GOLDEN.logits, atol=TOLERANCE if kind == "float32" else 0.05)


def test_eight_bits_are_near(tmp_path: Path) -> None:
    bundle = tiny_whisper(tmp_path / "bundle", "int8")
    session = TranscriberSession(bundle.path, bundle.manifest)
    p, q = log_softmax(GOLDEN.logits), log_softmax(prompted(session, session.hear(GOLDEN.mel)))
    divergence = (np.exp(p) * (p - q)).sum(-1).mean()
    print("KL of int8:", divergence)
    assert divergence < 0.02
