"""Bundles and catalogue entries in words and plain values, for people and for programs."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from models.bundle import Bundle
from models.catalogue import Entry, catalogue, offered
from models.cpu import cpu_class
from models.licences import terms_of
from models.manifest import (
    Encoder,
    Fidelity,
    Licence,
    Manifest,
    Quantization,
    SamplingDefaults,
    TensorSpec,
    Transcriber,
)
from models.preflight import show
from models.store import Store

LIST_COLUMNS: Final = (
    *("name", "version", "default", "task", "parameters", "bytes"),
    *("licence", "kl_mean", "kv", "digest"),
)
LEGEND: Final = {"default": "* is what the name alone means; `ingle use NAME@VERSION` changes it."}
CATALOGUE_COLUMNS: Final = (
    "name",
    "parameters",
    "bytes",
    "licence",
    "tool_dialect",
    "languages",
    "recipe",
    "memory",
    "download",
    "summary",
)
_GROWS: Final = "capacity"
"""The axis along which a cache has a row a token."""
_FEW: Final = 50_000
"""Parameters below which a tenth of a million rounds to nothing."""


def millions(parameters: int) -> str:
    """A count of parameters for people: 135 M, 0.1 M; a very small one as it is."""
    if parameters < _FEW:
        return str(parameters)
    return f"{parameters / 1e6:.{0 if parameters >= 1e6 else 1}f} M"  # noqa: PLR2004  one million


def summary(bundle: Bundle) -> dict[str, Any]:
    """One line of `ingle list`; `kl_mean` is None for a bundle that was not measured on such a processor as this."""
    manifest = bundle.manifest
    fidelity = manifest.fidelity_on(cpu_class())
    return {
        "name": manifest.name,
        "version": manifest.version,
        "task": manifest.task,
        "digest": bundle.digest,
        "architecture": manifest.architecture,
        "parameters": manifest.parameters,
        "bytes": bundle.size,
        "licence": manifest.licence.spdx,
        "kl_mean": fidelity.kl_mean if fidelity else None,
        "kv": manifest.kv or None,
    }


def listed(store: Store, bundles: Iterable[Bundle]) -> list[dict[str, Any]]:
    """The lines of `ingle list`; `default` says whether it is the one that its name alone means."""
    return [
        summary(bundle)
        | {
            "default": (meant := store.meant(bundle.manifest.name)) is not None
            and meant.digest == bundle.digest
        }
        for bundle in bundles
    ]


def list_columns(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Those of `ingle list`: without a mark where every name means the one version there is."""
    marked = not all(row["default"] for row in rows)
    return tuple(column for column in LIST_COLUMNS if marked or column != "default")


def catalogued() -> list[dict[str, Any]]:
    """The lines of `ingle list --available`; `bytes` is the finished bundle's size, about."""
    from models.arch import ARCHITECTURES  # noqa: PLC0415  the graph builder, which the other tables start without

    return [
        {
            "name": entry.name,
            "version": entry.version,
            "summary": entry.summary,
            "source": entry.source,
            "architecture": entry.model_type,
            "parameters": entry.parameters,
            "context_length": entry.context_length,
            "languages": entry.languages,
            "tool_dialect": entry.tool_dialect,
            "quirks": entry.quirks,
            "recipe": entry.recipe,
            "licence": entry.licence,
            "download": entry.needs.download,
            "bytes": entry.needs.bundle,
            "build_memory": entry.needs.build_memory,
            "memory": entry.needs.serve_memory,
        }
        for entry in offered(ARCHITECTURES).values()
    ]


def promised(name: str) -> list[tuple[str, str]]:
    """The lines of `ingle show` for a model that is only in the catalogue; none for one that is not there either."""
    if name not in catalogue():
        return []
    from models.arch import ARCHITECTURES  # noqa: PLC0415  as above

    return [
        line for entry in offered(ARCHITECTURES).values() if entry.name == name for line in _promises(entry)
    ]


def _promises(entry: Entry) -> list[tuple[str, str]]:
    needs = entry.needs
    return [
        ("model", f"{entry.name}, of the catalogue; not on this machine"),
        ("summary", entry.summary),
        ("architecture", f"{entry.model_type}, {millions(entry.parameters)} parameters"),
        ("context", f"{entry.context_length} tokens"),
        ("quantisation", entry.recipe),
        *(("elsewhere", f"{_figures(row)}, on {row.cpu}") for row in entry.fidelity_of(entry.recipe)),
        ("tool dialect", entry.tool_dialect),
        *([("quirks", ", ".join(entry.quirks))] if entry.quirks else []),
        ("languages", ", ".join(entry.languages) or "not stated"),
        ("licence", _licence(entry.terms)),
        ("source", entry.source),
        ("size", f"about {show(needs.bundle)}, from a download of {show(needs.download)}"),
        ("memory", f"{show(needs.serve_memory)} to run, {show(needs.build_memory)} to build"),
    ]


def _licence(licence: Licence) -> str:
    return f"{licence.spdx} ({', '.join(licence.tags)}) {licence.url}".rstrip()


def facts(bundle: Bundle) -> list[tuple[str, str]]:
    """The lines of `ingle show`: a label and a value each."""
    manifest = bundle.manifest
    licence, source = manifest.licence, manifest.source
    display = terms_of(licence).display
    return [
        ("model", bundle.reference),
        ("digest", bundle.digest),
        ("task", manifest.task),
        ("architecture", f"{manifest.architecture}, {millions(manifest.parameters)} parameters"),
        ("context", f"{manifest.context_length} tokens"),
        ("vocabulary", f"{manifest.vocabulary_size} tokens"),
        ("quantisation", "; ".join(map(_scheme, manifest.quantization))),
        *_own(manifest),
        ("languages", ", ".join(manifest.languages) or "not stated"),
        ("licence", _licence(licence)),
        *([("to be shown", display)] if display else []),
        ("source", f"{source.uri} at {source.revision}, sha256 {source.sha256}"),
        ("files", f"{len(manifest.files)}, {show(bundle.size)}, in {bundle.path}"),
    ]


def _own(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What a model of its task has, and others have not."""
    if manifest.encoder:
        yield from _encoder(manifest.encoder)
    elif manifest.transcriber:
        yield from _transcriber(manifest.transcriber)
    else:
        yield from _decoder(manifest)


def _transcriber(transcriber: Transcriber) -> Iterator[tuple[str, str]]:
    yield "hears", f"{transcriber.frames / 100:g} s at a time, by {transcriber.mel_bins} bands"
    yield "answer", "text with times" + (", in English if asked" if transcriber.translate else "")


def _decoder(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "cache", "; ".join(_remembered(manifest))
    yield from _fidelity(manifest, cpu_class())
    yield "sampling", _sampling(manifest.sampling)
    yield "tool dialect", manifest.tool_dialect


def _remembered(manifest: Manifest) -> Iterator[str]:
    """What a conversation takes: by the token, and whatever its length."""
    pasts = [past for cache in manifest.caches for past in cache.past]
    growing = [past for past in pasts if _GROWS in past.shape]
    fixed = [past for past in pasts if _GROWS not in past.shape]
    if growing:
        yield f"{show(sum(map(_bytes, growing)))} a token, keys and values in {manifest.kv}"
    if fixed:
        types = " and ".join(sorted({past.dtype for past in fixed}))
        yield f"{show(sum(map(_bytes, fixed)))} of windows and states in {types}"


def _bytes(past: TensorSpec) -> int:
    """Of one row where it grows, else of all."""
    bits = int("".join(filter(str.isdigit, past.dtype)) or 0)
    return bits * math.prod(axis for axis in past.shape if isinstance(axis, int)) // 8


def _encoder(encoder: Encoder) -> Iterator[tuple[str, str]]:
    if found := encoder.fidelity:
        figures = f"cosine {found.cosine_mean} mean, {found.cosine_min} least; same result for {found.agreement:.1%}"
        yield "fidelity", f"{figures} of {found.sentences} sentences of {found.text}, on {found.cpu}"
    else:
        yield "fidelity", "not measured"
    if encoder.labels:
        yield "labels", ", ".join(encoder.labels)
    else:
        length = " of length 1" if encoder.normalized else ""
        yield "answer", f"a vector of {encoder.width} numbers{length}, by {encoder.pooling} pooling"


def _scheme(part: Quantization) -> str:
    """As `mlp int8/32 smoothed, off by 0.51 %`: how it is stored, and what that changed in the weights."""
    block = f"/{part.block}" if part.block else ""
    how = " as stored" if part.method == "stored" else " smoothed" if part.smoothed else ""
    loss = (
        "" if part.error is None else f", off by {100 * part.error:.2g} %" if part.error else ", without loss"
    )
    spared = f", {len(part.float_inputs)} of {part.matrices} with float inputs" if part.float_inputs else ""
    return f"{part.group} {part.scheme}{block}{how}{loss}{spared}"


def _sampling(sampling: SamplingDefaults) -> str:
    penalty = f", repetition penalty {sampling.repetition_penalty:g}"
    if not sampling.temperature:
        return f"greedy{penalty}"
    kept = f", top-k {sampling.top_k}" if sampling.top_k else ""
    return f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}{kept}{penalty}"


def _fidelity(manifest: Manifest, cpu: str) -> Iterator[tuple[str, str]]:
    """What holds on this class of processors, then what holds on others."""
    here = manifest.fidelity_on(cpu)
    if here:
        yield "fidelity", f"{_figures(here)}, on {cpu} as here"
    elif manifest.fidelity:
        name = manifest.name
        yield "fidelity", f"never measured on {cpu} as here; `ingle verify {name} --fidelity` does"
    else:
        yield "fidelity", "not measured"
    for row in manifest.fidelity:
        if row is not here:
            yield "elsewhere", f"{_figures(row)}, on {row.cpu}"


def _figures(fidelity: Fidelity) -> str:
    told = " (the catalogue's figures)" if fidelity.origin == "catalogue" else ""
    return (
        f"KL {fidelity.kl_mean} mean, {fidelity.kl_max} max; top-1 {fidelity.top1:.1%}; "
        f"perplexity {fidelity.perplexity} (fp32 {fidelity.reference_perplexity}) "
        f"over {fidelity.tokens} tokens of {fidelity.text}{told}"
    )
