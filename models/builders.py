"""Who builds which bundle: decoders, encoders of the catalogue, models that hear.

Knows how to tell them apart, by the catalogue's word or by the configuration beside the weights; not how any is built.
"""

from pathlib import Path

from models import assemble as decoders
from models.assemble import Builder, Order
from models.catalogue import Entry
from models.export import packed
from models.manifest import Manifest
from models.sources.interface import Report
from models.speech import build as speech
from models.speech.config import is_whisper
from models.weights import open_checkpoint
from models.weights.directory import open_companions


def builder_of(entry: Entry | None) -> Builder:
    """Who builds a model of the catalogue; None is one that it does not know, which its weights have to tell."""
    return packed.assemble if entry is not None and entry.task in {"embed", "classify"} else assemble


def screen(weights: Path, what: str) -> None:
    """A `models.assemble.Screen`: see that the model called `what` can be built.

    Raises:
        ArchitectureError, ChatTemplateError, WeightsError: as its builder's.
    """
    (speech if _hears(weights) else decoders).screen(weights, what)


def assemble(order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
    """A `models.assemble.Builder` for whatever these weights are of.

    Raises:
        WeightsError, ArchitectureError, ChatTemplateError, QuantizationError: as its builder's.
    """
    build: Builder = speech.assemble if _hears(order.weights) else decoders.assemble
    return build(order, into, scratch, report)


def _hears(weights: Path) -> bool:
    if not weights.is_dir():
        return False
    checkpoint = open_checkpoint(weights) if speech.is_converted(weights) else open_companions(weights)
    return is_whisper(checkpoint.config)
