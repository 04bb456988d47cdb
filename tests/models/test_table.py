"""On a terminal of any width whole columns give way: no line is wider, no figure is cut, and what matters stays."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from models import describe, families, trials
from models.bundle import Bundle
from models.cli.licences import COLUMNS as LICENCE_COLUMNS
from models.cpu import cpu_class
from models.manifest import Fidelity
from models.store import Store
from models.table import fitting, print_table
from tests.support.manifest import tiny_manifest

WIDTHS = (20, 40, 60, 80, 100, 160)
FIGURES = Fidelity(0.00214, 13.25, 0.972, 63.61, 63.59, 2261, "fidelity-en.txt", "fp32", cpu_class())


def _listed() -> list[dict[str, Any]]:
    manifest = replace(tiny_manifest(), name="smollm2-affine", version="1-int4-affine", fidelity=(FIGURES,))
    row = describe.summary(Bundle(Path("b"), manifest, "0123456789abcdef" * 4))
    return [row | {"default": True}, row | {"default": False}]


def _families() -> list[dict[str, Any]]:
    catalogued = families.rows(Store.below(Path("nowhere")), None)
    here = {"model": "smollm2-affine@1-int4-affine", "kl_mean": 0.00042, "tokens_s": 123.4}
    return [row | (here if row["model"] == "smollm2-135m" else {}) for row in catalogued]


def _tried() -> list[dict[str, Any]]:
    measured = trials.Trial("int4-symmetric", 155_500_000, FIGURES, 100.1, 123.4)
    return trials.rows([measured, replace(measured, recipe="int8-asymmetric", bytes=355_500_000)])


def _licences() -> list[dict[str, Any]]:
    licence = {"licence": "LicenseRef-StabilityAI-NC-Research", "policy": "refuses it"}
    tags = "non-commercial, attribution, use-policy, share-alike"
    return [{"kind": "wake word", "name": "smollm2-affine@1-int4-affine", "tags": tags, **licence}]


TABLES = {
    "list": (_listed, describe.LIST_COLUMNS, {"licence": "Apache-2.0", "KL": "0.0021", "": "*"}),
    "models": (
        _families,
        families.COLUMNS,
        {"licence": "StabilityAI-NC-Research", "KL": "0.00042", "tok/s": "123"},
    ),
    "available": (describe.catalogued, describe.CATALOGUE_COLUMNS, {"licence": "StabilityAI-NC-Research"}),
    "explain": (_tried, trials.COLUMNS, {"KL": "0.0021", "tok/s": "123", "": "chosen"}),
    "licence": (
        _licences,
        LICENCE_COLUMNS,
        {"licence": "StabilityAI-NC-Research", "policy": "refuses it"},
    ),
}


def printed(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    width: int,
    legend: Mapping[str, str] = families.LEGEND,
) -> str:
    stream = io.StringIO()
    print_table(rows, columns, legend, console=Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("table", TABLES)
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(table: str, width: int) -> None:
    rows, columns, _ = TABLES[table]
    lines = printed(rows(), columns, width).splitlines()
    assert max(map(len, lines)) <= width
    assert all("…" not in line.partition(" ")[2] for line in lines), (
        "only names, which have no spaces, are cut"
    )


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("table", TABLES)
def test_what_matters_is_there_and_whole(table: str, width: int) -> None:
    rows, columns, essential = TABLES[table]
    text = printed(rows(), columns, width)
    heading = text.partition("\n")[0].split()
    for column, cell in essential.items():
        assert not column or column in heading
        assert cell in text
    assert "LicenseRef-" not in text


@pytest.mark.parametrize("table", TABLES)
def test_a_wide_terminal_has_every_column_and_says_nothing_of_json(table: str) -> None:
    rows, columns, _ = TABLES[table]
    text = printed(rows(), columns, 200)
    assert "--json" not in text
    assert "…" not in text


def test_the_footer_tells_of_what_is_shown_only() -> None:
    narrow, wide = (printed(_families(), families.COLUMNS, width) for width in (80, 200))
    assert "parity" in wide
    assert "parity" not in narrow
    assert "4 more columns did not fit; `--json` has all." in narrow
    assert all("tok/s: tokens a second" in text for text in (narrow, wide))


def test_a_name_is_cut_last_and_gets_what_room_is_left() -> None:
    columns = {"name": 50, "licence": 10, "digest": 12}
    assert fitting(columns, 80) == columns
    assert fitting(columns, 70) == {"name": 50, "licence": 10}
    assert fitting(columns, 40) == {"name": 28, "licence": 10}
    assert fitting(columns, 10) == {"name": 10}


def test_a_column_that_is_too_wide_makes_room_for_a_lesser_one() -> None:
    assert fitting({"name": 10, "tags": 18, "kind": 5}, 20) == {"name": 10, "kind": 5}


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    assert "tiny[red]" in printed([{"name": "tiny[red]"}], ["name"], 80)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [(134_515_008, "135 M"), (3_075_098_624, "3075 M"), (123_456, "0.1 M"), (20_000, "20000")],
)
def test_small_counts_of_parameters_are_not_nothing(parameters: int, told: str) -> None:
    assert describe.millions(parameters) == told
