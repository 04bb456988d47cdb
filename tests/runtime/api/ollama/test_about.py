"""What Ollama's clients are told of a model."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import Bundle
from runtime.api.ollama import about
from runtime.api.ollama.names import ours, theirs
from runtime.api.ollama.wire import moment
from runtime.errors import BundleError
from tests.support.manifest import tiny_manifest


def bundle(path: Path, template: bytes | None, *, tool_dialect: str = "none") -> Bundle:
    if template is not None:
        (path / "chat_template.jinja").write_bytes(template)
    manifest = tiny_manifest(tool_dialect=tool_dialect)
    return Bundle(path, manifest, manifest.digest)


@pytest.mark.parametrize(
    ("template", "dialect", "expected"),
    [
        (b"{{ messages }}", "none", ["completion"]),
        (b"{{ messages }}", "hermes", ["completion", "tools"]),
        (b"<think>{{ messages }}</think>", "none", ["completion", "thinking"]),
        (None, "none", ["completion"]),
    ],
)
def test_what_it_can_do(template: bytes | None, dialect: str, expected: list[str], tmp_path: Path) -> None:
    assert about.capabilities(bundle(tmp_path, template, tool_dialect=dialect)) == expected


def test_a_template_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="pull the model again"):
        about.template(bundle(tmp_path, b"\xff"))


def test_what_was_removed_meanwhile_is_told_of_as_far_as_is_known(tmp_path: Path) -> None:
    gone = bundle(tmp_path / "gone", None)
    assert about.listed(gone)["modified_at"] == "1970-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("theirs", "ours_"),
    [
        ("smollm2-135m", "smollm2-135m"),
        ("smollm2-135m:latest", "smollm2-135m"),
        ("smollm2:135m", "smollm2-135m"),
        ("smollm2-135m@1", "smollm2-135m@1"),
        (":latest", ":latest"),
    ],
)
def test_names(theirs: str, ours_: str) -> None:
    assert ours(theirs) == ours_


@given(st.text(st.characters(exclude_characters=":"), min_size=1))
def test_a_listed_name_leads_back(name: str) -> None:
    assert ours(theirs(name)) == name


@given(st.floats(0, 4e9))
def test_moments_are_rfc_3339_in_utc(seconds: float) -> None:
    text = moment(seconds)
    assert len(text) == len("2026-11-23T10:00:00.000000Z")
    assert text.endswith("Z")
