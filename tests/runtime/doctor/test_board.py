"""Other boards than this one, as their /proc and /sys would look."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from runtime.doctor import board
from runtime.doctor.finding import Finding

PI5 = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd aes crc32 asimddp\nCPU part\t: 0xd0b\n\n"
PI4 = "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n\n"
PC = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 fma avx_vnni\n\n"
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"


def put(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return root


def only(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_raspberry_pi_5_says_its_name_and_its_dot_products(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", PI5 * 4)
    put(tmp_path, "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    found = board.processor(tmp_path, "aarch64")
    assert found == Finding("ok", "cpu", "Raspberry Pi 5 Model B Rev 1.0, aarch64, 4 cores, asimd asimddp")


def test_a_raspberry_pi_4_is_told_what_it_lacks(tmp_path: Path) -> None:
    found = board.processor(put(tmp_path, "proc/cpuinfo", PI4), "aarch64")
    assert found.state == "warn"
    assert "dot-product" in found.advice


def test_a_pc_names_the_sets_that_matter(tmp_path: Path) -> None:
    found = board.processor(put(tmp_path, "proc/cpuinfo", PC), "x86_64")
    assert found == Finding("ok", "cpu", "AMD EPYC, x86_64, 1 core, avx2 fma avx_vnni")


@pytest.mark.parametrize(("machine", "state"), [("x86_64", "warn"), ("armv7l", "fail"), ("aarch64", "warn")])
def test_a_processor_that_tells_nothing_is_not_called_good(tmp_path: Path, machine: str, state: str) -> None:
    found = board.processor(tmp_path, machine)
    assert found.state == state
    assert found.advice


@pytest.mark.parametrize(
    ("name", "driver", "state"),
    [
        ("powersave", "cpufreq-dt", "warn"),
        ("powersave", "intel_pstate", "ok"),
        ("ondemand", "cpufreq-dt", "ok"),
    ],
)
def test_a_clock_that_is_held_down(tmp_path: Path, name: str, driver: str, state: str) -> None:
    put(tmp_path, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", name)
    put(tmp_path, "sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", driver)
    assert only(board.governor(tmp_path)).state == state


@pytest.mark.parametrize(("free", "state"), [(300_000, "warn"), (3_000_000, "ok")])
def test_memory(tmp_path: Path, free: int, state: str) -> None:
    put(tmp_path, "proc/meminfo", f"MemTotal:  4194304 kB\nMemAvailable: {free} kB\nHugePages_Total: 0\n")
    found = only(board.memory(tmp_path))
    assert found.state == state
    assert "of 4.0 GiB" in found.fact


@pytest.mark.parametrize(
    ("milli", "state"), [("45000", "ok"), ("76500", "warn"), ("85000", "fail"), ("-5000", "ok")]
)
def test_the_hottest_sensor_counts(tmp_path: Path, milli: str, state: str) -> None:
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "-10000\n")
    put(tmp_path, "sys/class/thermal/thermal_zone1/temp", f"{milli}\n")
    put(tmp_path, "sys/class/thermal/thermal_zone2/temp", "broken")
    assert only(board.temperature(tmp_path)).state == state


@pytest.mark.parametrize(
    ("bits", "state", "part"),
    [
        ("0x0", "ok", "never"),
        ("0x50005", "fail", "too little voltage, throttled"),
        ("0x80008", "fail", "temperature limit"),
        ("50000", "warn", "since the start: too little voltage, throttled"),
    ],
)
def test_a_raspberry_pi_says_why_it_slowed_down(tmp_path: Path, bits: str, state: str, part: str) -> None:
    found = only(board.throttling(put(tmp_path, THROTTLED, bits + "\n")))
    assert found.state == state
    assert part in found.fact
    assert ("power supply" in found.advice) == ("voltage" in found.fact)


def test_what_a_board_does_not_tell_is_no_finding(tmp_path: Path) -> None:
    put(tmp_path, THROTTLED, "error")
    put(tmp_path, "proc/meminfo", "nonsense\nMemTotal: lots\n")
    assert [found.subject for found in board.examine(tmp_path)] == ["cpu"]


def test_this_machine_can_be_examined() -> None:
    subjects = [found.subject for found in board.examine()]
    assert subjects[0] == "cpu"
    assert "memory" in subjects
