"""Classes of processors: by what the kernel prints on boards and machines, and on whatever else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cpu import class_of, cpu_class

BOARDS = {
    "aarch64-neon": "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n",
    "aarch64-dotprod": "processor\t: 0\nFeatures\t: fp asimd aes asimdhp asimddp\nCPU part\t: 0xd0b\n",
    "aarch64-i8mm": "Features\t: fp asimd asimddp i8mm\n",
    "aarch64-generic": "processor\t: 0\n",
    "x86_64-avx2": "model name\t: x\nflags\t\t: fpu sse2 avx avx2\n",
    "x86_64-avx512": "flags\t: avx2 avx512f\n",
    "x86_64-avx512vnni": "flags\t: avx2 avx512f avx512_vnni avx_vnni\n",
    "riscv64-generic": "isa\t: rv64gc\n",
}


@pytest.mark.parametrize("expected", BOARDS)
def test_a_class_is_read_from_what_the_kernel_prints(expected: str) -> None:
    assert class_of(expected.partition("-")[0], BOARDS[expected]) == expected


def test_the_first_core_speaks() -> None:
    assert class_of("aarch64", "Features : asimd\n\nFeatures : asimd asimddp\n") == "aarch64-neon"


@given(st.sampled_from(["x86_64", "aarch64", "mips"]), st.text())
def test_any_text_gives_a_class(machine: str, cpuinfo: str) -> None:
    assert class_of(machine, cpuinfo).startswith(f"{machine}-")


def test_this_machine_has_a_class() -> None:
    assert cpu_class().count("-") == 1
