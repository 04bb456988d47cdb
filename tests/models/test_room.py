"""What measuring takes: the graph, the bundle beside it, and what the graph says."""

from models.machine import Machine
from models.room import LEAST, lacking, recordable, tight

PLENTY = 1 << 40


def test_the_bundle_lies_beside_the_graph_on_the_disk() -> None:
    assert lacking(1000, Machine(6000, PLENTY, 4000)) == ""
    assert "take 6.0 kB of disk" in lacking(1000, Machine(5999, PLENTY, PLENTY))
    assert "of memory" in lacking(1000, Machine(PLENTY, PLENTY, 3999))


def test_memory_for_one_graph_is_tight() -> None:
    assert tight(1000, Machine(PLENTY, PLENTY, 7999))
    assert not tight(1000, Machine(PLENTY, PLENTY, 8000))


def test_a_vocabulary_of_a_quarter_million_takes_a_megabyte_a_token() -> None:
    assert recordable(2000, 1 << 18, 3 << 30) == 2000
    assert recordable(2000, 1 << 18, 1 << 30) == 921
    assert recordable(2000, 1 << 18, LEAST << 20) == 0
    assert recordable(100, 1 << 18, 200 << 20) == 100
    assert recordable(2000, 1 << 18, -1) == 0
