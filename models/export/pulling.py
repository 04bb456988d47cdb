"""An encoder out of the hub or a directory: the steps of a pull, with the exporter at their end."""

from models.errors import UnknownModelError
from models.export.build import Exporter
from models.export.tracing import check_installed
from models.licences.policy import Policy
from models.plan import Wishes
from models.pull import Network, Pulled, pull
from models.reference import Hub, Local, parse
from models.sources.interface import Report
from models.store import Store

__all__ = ["Exporter", "Wishes", "export"]


def export(
    text: str,
    store: Store,
    report: Report,
    exporter: Exporter,
    *,
    wishes: Wishes | None = None,
    network: Network | None = None,
    policy: Policy | None = None,
) -> Pulled:
    """Make sure that the encoder called `text` is in the store as a bundle for `exporter.task`, and return it.

    Raises:
        UnknownModelError: `text` is neither a repository of the hub nor a path.
        ExportError: the extra is not installed (nothing was fetched), or the model cannot be exported.
        PolicyError: the owner's `policy` forbids its licence.
        ModelError: as `models.pull.pull` otherwise.
    """
    match parse(text, {text}):
        case Hub(file=None) | Local():
            check_installed()
        case _:
            raise UnknownModelError(
                f"{text!r} cannot be exported; give hf:ORG/REPO or a directory such as ./{text}"
            )
    return pull(
        text,
        store,
        report,
        wishes=wishes,
        network=network,
        policy=policy,
        build=exporter,
        screen=exporter.screen,
    )
