"""The picture of size against fidelity is what its figures give, and a name in it covers neither name nor point."""

import importlib
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"


@pytest.fixture
def frontier(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A script, not part of a package."""
    if not IMAGES.exists():
        pytest.skip("the documentation is not beside these tests")
    monkeypatch.syspath_prepend(ROOT / "script" / "bench")
    return importlib.import_module("frontier")


def test_the_committed_picture_is_of_the_committed_figures(frontier: ModuleType) -> None:
    figures = json.loads((IMAGES / "frontier.json").read_text(encoding="utf-8"))
    assert frontier.draw(figures) == (IMAGES / "frontier.svg").read_text(encoding="utf-8")
    for rows in figures.values():
        assert sum(row["chosen"] for row in rows) == 1


def test_alike_bundles_share_a_point_and_close_ones_keep_their_names_apart(frontier: ModuleType) -> None:
    rows = [
        {"recipe": name, "bytes": size, "kl_mean": kl, "chosen": False}
        for name, size, kl in (
            ("one", 100e6, 0.004),
            ("twin", 100.001e6, 0.00401),
            ("near", 100.4e6, 0.0041),
            ("far", 160e6, 0.3),
        )
    ]
    drawn = frontier.panel("model", rows, 70, axis=True)
    assert drawn.count("<circle") == 3
    assert "one = twin" in drawn
    places = re.findall(r'x="([\d.]+)" y="([\d.]+)" text-anchor="\w+">(?:one = twin|near)<', drawn)
    assert len(set(places)) == 2
