"""Which instruction sets this processor has, as far as they choose onnxruntime's kernels. Linux; stdlib only.

Knows names for classes of processors; does not know what the kernels of a class do to a model (`models.fidelity`).
"""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")
_STEPS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "x86_64": (
        ("avx512_vnni", "avx512vnni"),
        ("avx_vnni", "avxvnni"),
        ("avx512f", "avx512"),
        ("avx2", "avx2"),
    ),
    "aarch64": (("i8mm", "i8mm"), ("asimddp", "dotprod"), ("asimd", "neon")),
}
"""The kernel's word for a feature, and ours for the class that has it; the best first."""


def cpu_class() -> str:
    """The class of this processor, e.g. `x86_64-avx2`, `aarch64-dotprod` (a Pi 5) or `aarch64-neon` (a Pi 4)."""
    return class_of(platform.machine(), _CPUINFO.read_text(encoding="utf-8"))


def class_of(machine: str, cpuinfo: str) -> str:
    """The class by `uname -m` and the text of /proc/cpuinfo; of several cores the first speaks."""
    flags: set[str] = set()
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in {"flags", "features"}:
            flags = set(value.split())
            break
    found = next((label for flag, label in _STEPS.get(machine, ()) if flag in flags), "generic")
    return f"{machine}-{found}"
