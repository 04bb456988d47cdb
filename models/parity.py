"""How near each architecture's fp32 graph comes to the reference implementation, as `script/parity` measured it.

Knows the recorded figures; measures nothing.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from models import strict


@dataclass(frozen=True, slots=True)
class Parity:
    """One architecture's figures."""

    largest: float
    """Largest difference of a logit, over prefill and single steps of every golden model."""
    models: int
    """Golden models compared."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was compared with what."""

    reference: str
    """The implementation and its version."""
    onnxruntime: str
    cpu: str


@cache
def parity() -> tuple[Record, dict[str, Parity]]:
    """The record, and the figures by `model_type`."""
    raw = tomllib.loads(files("models").joinpath("parity.toml").read_text(encoding="utf-8"))
    measured = {name: strict.load(Parity, row, name) for name, row in raw.pop("architectures").items()}
    return strict.load(Record, raw), measured
