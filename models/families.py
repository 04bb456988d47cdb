"""Every model there could be on this machine, by architecture: what is known of it, and of those here how fast."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from models.arch import ARCHITECTURES
from models.bundle import Bundle
from models.catalogue import Entry, catalogue
from models.cpu import cpu_class
from models.errors import GraphError
from models.parity import parity
from models.store import Store

COLUMNS: Final = ("model", "family", "parameters", "size", "licence", "parity", "kl_mean", "tokens_s", "kv")

LEGEND: Final = {
    "parity": "parity: largest difference of a logit from the reference implementation, on tiny random models.",
    "kl_mean": "KL: mean divergence from fp32, of those here.",
    "tokens_s": "tok/s: tokens a second when decoding, of those here.",
    "kv": "kv: as what keys and values are remembered, of those here.",
}
"""What a column's heading leaves unsaid."""


def rows(store: Store, decode_rate: Callable[[Bundle], float] | None) -> Iterator[dict[str, Any]]:
    """One row a model: those of the catalogue, and bundles it does not know; in the order of architectures.

    `size` is the bundle's where it is here, else the catalogue's rounded figure. `kl_mean` and `tokens_s` are None for
    a model that is not here; without `decode_rate` nothing is run. `fault` is why one could not be run, else None.
    """
    bundles = store.list()
    _, figures = parity()
    for architecture in sorted(ARCHITECTURES):
        own = [bundle for bundle in bundles if bundle.manifest.architecture == architecture]
        entries = {name: entry for name, entry in catalogue().items() if entry.model_type == architecture}
        measured = figures.get(architecture)
        shared = {"family": architecture, "parity": measured.largest if measured else None}
        for name, entry in entries.items():
            if not any(bundle.manifest.name == name for bundle in own):
                yield shared | _entry(entry)
        for bundle in own:
            yield shared | _bundle(bundle, decode_rate)


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "model": entry.name,
        "parameters": entry.parameters,
        "size": entry.needs.bundle,
        "licence": entry.licence,
        "kl_mean": None,
        "kv": None,
        "tokens_s": None,
        "fault": None,
        "here": False,
    }


def _bundle(bundle: Bundle, decode_rate: Callable[[Bundle], float] | None) -> dict[str, Any]:
    manifest = bundle.manifest
    fidelity = manifest.fidelity_on(cpu_class())
    rate, fault = None, None
    try:
        rate = decode_rate(bundle) if decode_rate else None
    except GraphError as exc:  # the others are to be seen all the same
        fault = exc.reason
    return {
        "model": bundle.reference,
        "parameters": manifest.parameters,
        "size": bundle.size,
        "licence": manifest.licence.spdx,
        "kl_mean": fidelity.kl_mean if fidelity else None,
        "kv": manifest.kv or None,
        "tokens_s": rate,
        "fault": fault,
        "here": True,
    }
