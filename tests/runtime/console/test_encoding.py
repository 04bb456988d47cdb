"""`ingle embed` and `ingle classify` as programs of their own."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.encoders import furnish_encoder
from tests.support.house import environment, ingle


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state")
    furnish_encoder(path, "embed")
    furnish_encoder(path, "classify")
    return path


def run(state: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return ingle(*arguments, environ=environment(state), stdin=stdin)


def test_each_text_is_a_line_with_a_vector(state: Path) -> None:
    given = run(state, "embed", "tiny-embed", "turn off the lamp", "weather")
    piped = run(state, "embed", "tiny-embed", stdin=b"turn off the lamp\n\nweather\n")
    assert given.returncode == piped.returncode == 0
    assert given.stdout == piped.stdout
    vectors = [json.loads(line) for line in given.stdout.splitlines()]
    assert [len(vector) for vector in vectors] == [64, 64]


def test_the_most_alike_comes_first(state: Path) -> None:
    done = run(state, "embed", "tiny-embed", "--compare", "the lamp", "weather", "the lamp", "the lamps")
    rows = [line.split("  ") for line in done.stdout.decode().splitlines()]
    assert rows[0] == [" 1.000", "the lamp"]
    assert {text for _, text in rows} == {"weather", "the lamp", "the lamps"}
    assert [float(score) for score, _ in rows] == sorted((float(score) for score, _ in rows), reverse=True)


def test_a_label_for_each_text(state: Path) -> None:
    done = run(state, "classify", "tiny-classify", "turn off the lamp", "is it on?")
    whole = run(state, "classify", "tiny-classify", "--json", "turn off the lamp", "is it on?")
    rows = [json.loads(line) for line in whole.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["turn off the lamp", "is it on?"]
    assert all(row["scores"][row["label"]] == max(row["scores"].values()) for row in rows)
    assert done.stdout.decode().splitlines() == [
        f"{row['scores'][row['label']]:5.3f}  {row['label']}  {row['text']}" for row in rows
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "part"),
    [
        (("embed", "tiny-embed"), b"", "give a text: ingle embed tiny-embed"),
        (("embed", "tiny-embed"), b"lamp \xff", "is not UTF-8 text (byte 5)"),
        (("embed", "tiny-embed", "lamp \udcff"), b"", "holds bytes that are not UTF-8"),
        (
            ("embed", "tiny-embed", "lamp " * 99),
            b"",
            "text 1 has 101 tokens, but tiny-embed reads at most 64",
        ),
        (("embed", "tiny-classify", "x"), b"", "use `ingle classify tiny-classify`"),
        (
            ("run", "--model", "tiny-embed", "x"),
            b"",
            "use `ingle embed tiny-embed`, or choose a model that writes",
        ),
        (("embed", "nothing", "x"), b"", "no model 'nothing' on this machine"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_refusal_says_what_to_do(state: Path, arguments: tuple[str, ...], stdin: bytes, part: str) -> None:
    done = run(state, *arguments, stdin=stdin)
    assert done.returncode != 0
    assert done.stdout == b""
    assert part in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_the_doctor_knows_that_an_encoder_writes_nothing(state: Path) -> None:
    done = ingle("doctor", environ=environment(state, INGLE_MODEL_NAME="tiny-embed"))
    assert "writes none" in done.stdout.decode()
    assert "set model.name to a model that writes" in done.stdout.decode()
