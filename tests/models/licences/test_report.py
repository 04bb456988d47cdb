"""What is on a device under which licence."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from models.licences import licence_of
from models.licences.policy import Policy
from models.licences.report import GROUP, IncompleteReportError, Licensed, on_device, paragraph, row
from models.store import Store
from tests.support.small_bundle import write_bundle

HERE = "tests.models.licences.test_report"


def voices(state: Path) -> Iterator[Licensed]:
    """As a room that keeps voices would list them."""
    for file in sorted((state / "voices").iterdir()):
        yield Licensed("voice", file.name, licence_of("cc-by-nc-sa-4.0"), f"wheel:{file.name}==1#voice.onnx")


def _entry(value: str) -> EntryPoint:
    return EntryPoint("voice", value, GROUP)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = Store.below(tmp_path)
    with store.staging() as staged:
        store.add(staged, write_bundle(staged))
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "ann").touch()
    return tmp_path


def test_models_and_what_other_rooms_tell(state: Path) -> None:
    found = on_device(state, [_entry(f"{HERE}:voices")])
    assert [(each.kind, each.name) for each in found] == [("model", "tiny@1"), ("voice", "ann")]
    assert [row(each, Policy(commercial=True))["refused"] is None for each in found] == [True, False]


@pytest.mark.parametrize("value", ["no.such.module:voices", f"{HERE}:nothing"])
def test_a_room_that_cannot_be_asked_is_not_passed_over(state: Path, value: str) -> None:
    with pytest.raises(IncompleteReportError, match="the licences of voice cannot be listed"):
        on_device(state, [_entry(value)])


def test_a_row_has_every_clause(state: Path) -> None:
    (model,) = on_device(state, [])
    told = row(model, Policy())
    assert (told["licence"], told["title"], told["tags"]) == (
        "MIT",
        "MIT License",
        ["commercial", "attribution"],
    )
    assert [condition["tag"] for condition in told["conditions"]] == ["attribution"]
    assert told["source"] == "wheel:tiny==1#tiny.gguf"


def test_a_paragraph_says_what_to_show_and_why_it_is_refused() -> None:
    llama = Licensed("model", "m@1", licence_of("llama3.2"), "hf:org/m")
    assert "to be shown: Built with Llama" in paragraph(llama, Policy())
    assert "refused" not in paragraph(llama, Policy())
    assert "refused: m@1 is ruled out by policy.refuse" in paragraph(llama, Policy(refuse=("user-cap",)))
