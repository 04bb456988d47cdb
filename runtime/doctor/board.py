"""The board itself, as Linux tells it below /proc and /sys: processor, memory, heat, power.

Every function takes the root of the file system, so that the tests can describe other boards than the one
they run on. What a board does not tell is no finding.
"""

import contextlib
import platform
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from runtime import vitals
from runtime.doctor.finding import Finding
from runtime.vitals import Strain

_X86: Final = ("avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")
_ARM: Final = ("asimd", "asimddp", "i8mm", "bf16", "sve")
_GIB: Final = 1 << 30
_HOT, _TOO_HOT = 75, 85
_STRAINS: Final = {
    Strain.LOW_VOLTAGE: "too little voltage",
    Strain.CAPPED: "clock capped",
    Strain.THROTTLED: "throttled",
    Strain.HOT: "temperature limit",
}


def examine(root: Path = Path("/")) -> Iterator[Finding]:
    """Every finding about the board."""
    yield processor(root)
    yield from governor(root)
    yield from memory(root)
    yield from temperature(root)
    yield from throttling(root)


def processor(root: Path, machine: str | None = None) -> Finding:
    """Model, cores, and the instruction sets that decide how fast inference is."""
    machine = machine or platform.machine()
    info = _read(root / "proc/cpuinfo")
    fields = dict(_fields(info))
    board = _read(root / "proc/device-tree/model").strip("\0\n ")
    name = board or fields.get("model name") or fields.get("Model") or "unnamed"
    cores = len(re.findall(r"^processor\s*:", info, re.MULTILINE))
    has = set((fields.get("flags") or fields.get("Features") or "").split())
    found = " ".join(feature for feature in (*_X86, *_ARM) if feature in has)
    fact = f"{name}, {machine}, {cores} core{'s' * (cores != 1)}, {found or 'no vector extensions known'}"
    if machine not in {"x86_64", "aarch64"}:
        return Finding("fail", "cpu", fact, "onnxruntime is made for x86_64 and aarch64: use a 64-bit system")
    if machine == "x86_64" and "avx2" not in has:
        return Finding("warn", "cpu", fact, "without AVX2 answers are slow: take the smallest model")
    if machine == "aarch64" and "asimddp" not in has:
        advice = "without dot-product instructions (Cortex-A72 and older) take the smallest model"
        return Finding("warn", "cpu", fact, advice)
    return Finding("ok", "cpu", fact)


def governor(root: Path) -> Iterator[Finding]:
    """Whether the clock is held down to save power."""
    policy = root / "sys/devices/system/cpu/cpu0/cpufreq"
    name = _read(policy / "scaling_governor").strip()
    # intel_pstate and amd-pstate call their ordinary, dynamic policy powersave.
    if name == "powersave" and "pstate" not in _read(policy / "scaling_driver"):
        advice = "set the governor to schedutil or performance"
        yield Finding("warn", "clock", "governor powersave: always the lowest clock", advice)
    elif name:
        yield Finding("ok", "clock", f"governor {name}")


def memory(root: Path) -> Iterator[Finding]:
    """How much there is, and how much is free for a model."""
    fields = dict(_fields(_read(root / "proc/meminfo")))
    sizes = {
        key: int(value.split()[0]) * 1024 for key, value in fields.items() if value.split()[0].isdecimal()
    }
    total, free = sizes.get("MemTotal"), sizes.get("MemAvailable")
    if total is None or free is None:
        return
    fact = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB available"
    if free < _GIB // 2:
        yield Finding("warn", "memory", fact, "stop other programs, or take a smaller model")
    else:
        yield Finding("ok", "memory", fact)


def temperature(root: Path) -> Iterator[Finding]:
    """The hottest sensor."""
    hottest = vitals.hottest(root)
    if hottest is None:
        return
    fact = f"{hottest:.0f} °C"
    if hottest >= _TOO_HOT:
        yield Finding("fail", "temperature", fact, "the board slows down or stops: give it a fan or more air")
    elif hottest >= _HOT:
        yield Finding("warn", "temperature", fact, "it slows down soon: a heat sink or a fan keeps it fast")
    else:
        yield Finding("ok", "temperature", fact)


def throttling(root: Path) -> Iterator[Finding]:
    """Whether a Raspberry Pi had to slow down, and why."""
    told = vitals.throttling(root)
    if told is None:
        return
    if told.now:
        yield Finding("fail", "power", f"now: {_named(told.now)}", _power_advice(told.now))
    elif told.before:
        yield Finding("warn", "power", f"since the start: {_named(told.before)}", _power_advice(told.before))
    else:
        yield Finding("ok", "power", "never throttled since the start")


def _named(strains: Iterable[Strain]) -> str:
    return ", ".join(_STRAINS[each] for each in strains)


def _power_advice(strains: Collection[Strain]) -> str:
    if Strain.LOW_VOLTAGE in strains:
        return "use the board's own power supply and a short cable"
    return "cool the board: a heat sink or a fan"


def _read(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """`name : value` lines."""
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip():
            yield name.strip(), value.strip()
