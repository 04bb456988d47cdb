from pathlib import Path

import pytest

from models.catalogue import Needs
from models.errors import PolicyError, PreflightError
from models.licences import UNKNOWN, licence_of
from models.licences.policy import Policy
from models.machine import Machine
from models.manifest import Licence, Source
from models.preflight import Demand, check, show
from models.reference import Wheel
from models.sources.interface import Fetched
from models.sources.shelf import Kept
from models.sources.simple_index import IndexFile
from models.sources.wheel import Archive, ArchivePin, WheelOffer, WheelPin

OPEN = Licence("Apache-2.0", ("commercial", "attribution"))
ROOMY = Machine(disk_free=10**12, memory_total=10**12, memory_available=10**12)
SMALL = Demand(disk=1, build_memory=1, serve_memory=1)


def test_an_open_licence_on_a_roomy_machine_passes() -> None:
    check("m", SMALL, OPEN, ROOMY, (), policy=Policy())


@pytest.mark.parametrize(
    ("demand", "machine", "numbers"),
    [
        (Demand(2 * 10**9, 0, 0), Machine(10**9, 10**12, 10**12), ("2.0 GB of disk", "1.0 GB are free")),
        (Demand(0, 0, 4 * 10**9), Machine(10**12, 10**9, 10**9), ("4.0 GB of memory", "has 1.0 GB")),
        (Demand(0, 3 * 10**9, 0), Machine(10**12, 4 * 10**9, 10**9), ("3.0 GB of memory", "1.0 GB are free")),
    ],
)
def test_a_machine_that_is_too_small_is_told_both_numbers(
    demand: Demand, machine: Machine, numbers: tuple[str, str]
) -> None:
    with pytest.raises(PreflightError) as caught:
        check("m", demand, OPEN, machine, (), policy=Policy())
    assert all(number in str(caught.value) for number in numbers)


@pytest.mark.parametrize(
    "tag", ["cc-by-nc-4.0", "lfm1.0", "gemma", "llama3.2", "cc-by-sa-4.0", "no-such-licence"]
)
def test_a_licence_with_strings_must_be_accepted_by_name(tag: str) -> None:
    licence = licence_of(tag)
    with pytest.raises(PreflightError, match=f"--accept-licence {licence.spdx}"):
        check("m", SMALL, licence, ROOMY, {"Apache-2.0"}, policy=Policy())
    check("m", SMALL, licence, ROOMY, {licence.spdx}, policy=Policy())


def test_the_clause_is_said_and_the_owner_may_have_accepted_it_for_good() -> None:
    with pytest.raises(PreflightError, match=r"under LicenseRef-LFM-1.0 \(http.*section 5\(b\) says that"):
        check("m", SMALL, licence_of("lfm1.0"), ROOMY, (), policy=Policy())
    check("m", SMALL, licence_of("lfm1.0"), ROOMY, (), policy=Policy(accept=("LicenseRef-LFM-1.0",)))
    check("m", SMALL, licence_of("lfm1.0"), ROOMY, (), policy=Policy(annual_revenue_usd=9_999_999))


def test_another_id_than_the_one_asked_for_is_named() -> None:
    with pytest.raises(
        PreflightError, match=r"add --accept-licence LicenseRef-Gemma \('Gemma', which you gave, is not"
    ):
        check("m", SMALL, licence_of("gemma"), ROOMY, {"Gemma"}, policy=Policy())
    with pytest.raises(
        PreflightError, match=r"LicenseRef-Gemma \(policy.accept has 'LicenseRef-Gema', which"
    ):
        check("m", SMALL, licence_of("gemma"), ROOMY, (), policy=Policy(accept=("MIT", "LicenseRef-Gema")))


def test_what_the_policy_rules_out_cannot_be_accepted() -> None:
    licence = licence_of("cc-by-nc-4.0")
    with pytest.raises(PolicyError, match=r"policy\.commercial = true"):
        check("m", SMALL, licence, ROOMY, {licence.spdx}, policy=Policy(commercial=True))


@pytest.mark.parametrize("licence", [UNKNOWN, Licence("LicenseRef-mine")])
def test_silence_is_not_consent(licence: Licence) -> None:
    with pytest.raises(PreflightError, match="what it asks is not known here"):
        check("m", SMALL, licence, ROOMY, (), policy=Policy())


def _wheel(size: int | None, pin: WheelPin | None = None) -> WheelOffer:
    """A wheel in two parts, of which the index gives `size` bytes each."""
    parts = Wheel("x[1-2]", "1", "x.gguf.part[0-1]").parts
    pins = pin.archives if pin else (None, None)
    return WheelOffer(
        Wheel("x[1-2]", "1", "x.gguf.part[0-1]"),
        tuple(
            Archive(part, IndexFile("x.whl", "http://localhost/x.whl", size, None), pinned)
            for part, pinned in zip(parts, pins, strict=True)
        ),
        pin,
    )


def _pin(*sizes: int) -> WheelPin:
    return WheelPin(tuple(ArchivePin("0" * 64, size) for size in sizes), "0" * 64, 110)


def test_the_catalogue_adds_what_is_built_to_what_is_fetched() -> None:
    needs = Needs(download=100, bundle=50, build_memory=7, serve_memory=8)
    kept = Kept(Fetched(Path("x.gguf"), Source("x", "1", "0" * 64), None), weights=110)
    assert Demand.of(needs, _wheel(70, _pin(60, 40))) == Demand(260, 7, 8)
    assert Demand.of(needs, kept) == Demand(50, 7, 8)
    assert Demand.of(needs, _wheel(None)) == Demand(250, 7, 8)


def test_without_a_catalogue_entry_only_bounds_are_known() -> None:
    assert Demand.of(None, _wheel(45)) == Demand(360, 30, 30)
    assert Demand.of(None, _wheel(None)) == Demand(0, 0, 0)


def test_this_machine_can_be_measured(tmp_path: Path) -> None:
    machine = Machine.measure(tmp_path / "not" / "yet")
    assert 0 < machine.memory_available <= machine.memory_total
    assert machine.disk_free > 0


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (92_871_040, "92.9 MB"), (3 * 10**9, "3.0 GB")],
)
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert show(size) == text
