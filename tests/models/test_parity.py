import pytest

from models.arch import ARCHITECTURES
from models.parity import parity
from tests.support.parity import LIMIT, measured


def test_the_record_is_what_is_measured_here() -> None:
    _, recorded = parity()
    assert recorded.keys() >= ARCHITECTURES.keys(), "run script/parity"
    for kind, figures in measured().items():
        assert figures.models == recorded[kind].models, "run script/parity"
        assert figures.largest <= LIMIT
        # another processor rounds otherwise, but not by an order of magnitude
        assert figures.largest == pytest.approx(recorded[kind].largest, rel=9.0), kind
