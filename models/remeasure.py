"""Is a bundle still as far from fp32 as its manifest says? Measured again from the weights it was built of."""

from pathlib import Path

from models.assemble import agrees, fidelity_of
from models.bundle import Bundle
from models.cpu import cpu_class
from models.errors import StoreError
from models.export.remeasure import measure_again
from models.manifest import Fidelity
from models.reference import Local
from models.sources import local
from models.sources.interface import Progress, Step
from models.sources.shelf import SourceShelf
from models.store import Store
from models.weights import open_checkpoint


def remeasure(bundle: Bundle, store: Store, weights: Path | None) -> str:
    """Measure and compare; `weights` None looks on the store's own shelf. Returns what was found, in words.

    Raises:
        StoreError: the weights are not here or are others, or the figures disagree.
        UnknownModelError, FetchError: there are no weights where `weights` says.
        WeightsError: the weights cannot be read.
        ExportError: it is an encoder, and the extra `export` is not installed.
    """
    encoder = bundle.manifest.encoder
    if not (encoder.fidelity if encoder else bundle.manifest.fidelity):
        return "no fidelity was recorded when it was built, so there is nothing to compare with"
    path = _weights_of(bundle, store, weights)
    with store.staging() as workspace:
        if encoder:
            return measure_again(bundle, encoder, path, workspace)
        return _decoder(bundle, path, workspace / "reference")


def _weights_of(bundle: Bundle, store: Store, weights: Path | None) -> Path:
    path = weights or SourceShelf(store).weights(bundle.manifest.source)
    if path is None:
        raise StoreError(
            f"the weights of {bundle.reference} are not kept here; give them with --weights PATH"
        )
    if weights is not None and local.find(Local(weights), _ignore).sha256 != bundle.manifest.source.sha256:
        raise StoreError(
            f"{bundle.reference} was built from other weights than {weights.name}; give it those it was built from"
        )
    return path


def _decoder(bundle: Bundle, weights: Path, scratch: Path) -> str:
    recorded = bundle.manifest.fidelity_on(cpu_class())
    measured = fidelity_of(
        bundle.path,
        bundle.manifest,
        open_checkpoint(weights),
        scratch,
        _ignore,
        tokens=recorded.tokens if recorded else None,
    )
    if recorded is None:
        elsewhere = ", ".join(f"KL {row.kl_mean} on {row.cpu}" for row in bundle.manifest.fidelity)
        return f"never measured on {measured.cpu} before: {_figures(measured)}; recorded are {elsewhere}"
    if not agrees(recorded, measured):
        raise StoreError(
            f"{bundle.reference} measures KL {measured.kl_mean}, perplexity {measured.perplexity} on {measured.cpu}, "
            f"but KL {recorded.kl_mean}, perplexity {recorded.perplexity} were recorded on {recorded.cpu}; "
            "pull it again with --force"
        )
    return f"fidelity reproduced on {measured.cpu}: {_figures(measured)}"


def _figures(measured: Fidelity) -> str:
    return (
        f"KL {measured.kl_mean} mean, top-1 {measured.top1:.1%}, perplexity {measured.perplexity} "
        f"(fp32 {measured.reference_perplexity})"
    )


def _ignore(event: Progress | Step) -> None:
    del event
