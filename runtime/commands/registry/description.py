"""From a described device to one that can be commanded: what each key means, and what is meant where one is missing.

The same for a house file and an announcement. The shortest device has an id, a kind, an area and a topic.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

from models.strict import MisfitError, load
from runtime.commands.registry import standard
from runtime.commands.registry.binding import Entry
from runtime.commands.registry.codec import Codec, Number
from runtime.commands.registry.devices import (
    Capability,
    Device,
    Kind,
    Name,
    Text,
)
from runtime.commands.registry.names import plain_id, plain_name
from runtime.commands.registry.tables import (
    MOST_CAPABILITIES,
    MOST_NAMES,
    CapabilityTable,
    DeviceTable,
    NameTable,
    capability_name,
    word,
)
from runtime.commands.registry.templates import Template
from runtime.commands.registry.topics import device_topic
from runtime.commands.registry.values import codec_of, dangerous_values, domain_of
from runtime.commands.registry.wiring import Found, Presence, Publish, Report, Setter, Sign, Wired
from runtime.errors import DeviceError


def described(raw: object, source: str, where: str) -> Found:
    """The device that a table describes; `where` is what messages call the table.

    Raises:
        DeviceError: an unknown or missing key, a wrong type, or a value that cannot be.
    """
    table = _loaded(DeviceTable, raw, where)
    where = f"{where} ({table.id})" if len(table.id) <= 64 else where  # noqa: PLR2004  as long as an id may be
    with _about(where):
        return _device(table, source)


def names_of(raw: tuple[str | NameTable, ...], otherwise: str) -> tuple[Name, ...]:
    """Names as they are listed; one made of an id if there are none.

    Raises:
        DeviceError: too many, or one that cannot be shown.
    """
    if len(raw) > MOST_NAMES:
        raise DeviceError(f"there are {len(raw)} names; give at most {MOST_NAMES}")
    tables = [NameTable(text=each) if isinstance(each, str) else each for each in raw]
    found = tuple(
        Name(
            plain_name(each.text, f"names[{i}]"),
            each.language and word(each.language, f"names[{i}].language"),
        )
        for i, each in enumerate(tables)
    )
    return found or (Name(" ".join(otherwise.replace("_", " ").replace(".", " ").split()) or otherwise),)


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Say in a refusal what it is about."""
    try:
        yield
    except DeviceError as exc:
        raise DeviceError(f"{what}: {exc}") from exc


def _loaded(kind: type[Any], raw: object, where: str) -> Any:
    try:
        return load(kind, raw, where)
    except MisfitError as exc:
        raise DeviceError(f"{exc}; correct it") from exc


def _device(table: DeviceTable, source: str) -> Found:
    device_id = plain_id(table.id, "id")
    if table.kind not in set(Kind):
        raise DeviceError(f"kind is {table.kind[:40]!r}, but must be one of {', '.join(Kind)}")
    kind = Kind(table.kind)
    device_class = table.device_class and word(table.device_class, "device_class")
    capabilities: list[Capability] = []
    setters: dict[str, Setter] = {}
    reports: list[Report] = []
    for name, each in _tables(table, kind).items():
        with _about(name):
            capability, setter, report = _wired(name, each, kind, device_class)
        capabilities.append(capability)
        setters |= {name: setter} if setter else {}
        reports += [report] if report else []
    signs = (
        (Sign(device_topic(table.availability_topic, "availability_topic")),)
        if table.availability_topic
        else ()
    )
    device = Device(
        device_id,
        names_of(table.names, device_id),
        kind,
        tuple(capabilities),
        device_class=device_class,
        source=source,
    )
    return Found(
        Entry(device, Wired(setters)),
        tuple(reports),
        Presence(signs) if signs else None,
        plain_name(table.area, "area") if table.area else None,
    )


def _tables(table: DeviceTable, kind: Kind) -> dict[str, CapabilityTable]:
    """The capabilities by name; what the device's own table has of one is its main one's."""
    if len(table.capabilities) > MOST_CAPABILITIES:
        raise DeviceError(f"it has {len(table.capabilities)} capabilities; {MOST_CAPABILITIES} are the most")
    own = {
        each.name: value
        for each in fields(CapabilityTable)
        if (value := getattr(table, each.name)) != each.default
    }
    main = standard.main_capability(kind)
    found: dict[str, CapabilityTable] = {main: CapabilityTable(**own)} if own else {}
    for name, raw in table.capabilities.items():
        if own and name == main:
            raise DeviceError(
                f"{name} is described twice; leave either capabilities.{name} or {min(own)} out"
            )
        inherited = {key: own[key] for key in ("topic", "state_topic") if key in own}
        if isinstance(raw, Mapping) and "field" in raw:  # one topic, JSON with a field a capability
            raw = {**inherited, **raw}  # noqa: PLW2901  the same table, filled up
        found[capability_name(name)] = _loaded(CapabilityTable, raw, f"capabilities.{name}")
    if not found:
        raise DeviceError("it can do nothing; give it a topic, or a state_topic if it is only read")
    return found


def _wired(
    name: str, table: CapabilityTable, kind: Kind, device_class: str | None
) -> tuple[Capability, Setter | None, Report | None]:
    if table.topic is not None and kind in {Kind.SENSOR, Kind.BINARY_SENSOR}:
        raise DeviceError(f"a {kind} is only read; write state_topic in place of topic")
    if table.topic is None and table.state_topic is None:
        raise DeviceError("it has no topic to set it and no state_topic to read it; give one")
    if table.retain and kind in standard.MOMENTARY:
        raise DeviceError(
            f"what a {kind} is told cannot be retained, or it would happen again; leave retain out"
        )
    codec = codec_of(name, domain_of(name, table, kind), table, kind)
    domain = codec.domain if isinstance(codec, Number) else domain_of(name, table, kind)
    capability = Capability(
        name,
        domain,
        settable=table.topic is not None and not isinstance(domain, Text),
        readable=table.state_topic is not None,
        also_read=standard.also_read(kind, name),
    )
    if table.dangerous is None:
        dangerous, always = standard.guarded(kind, device_class, capability)
    else:
        dangerous, always = dangerous_values(table.dangerous, domain)
    setter = _setter(codec, table) if capability.settable else None
    return (
        replace(capability, dangerous=dangerous, always_dangerous=always),
        setter,
        _report(name, codec, table),
    )


def _setter(codec: Codec, table: CapabilityTable) -> Setter:
    if table.topic is None:
        raise DeviceError("it has no topic; give one")
    return Publish(
        device_topic(table.topic, "topic"),
        codec,
        Template(table.template) if table.template else None,
        field=table.field and word(table.field, "field"),
        retain=table.retain,
    )


def _report(name: str, codec: Codec, table: CapabilityTable) -> Report | None:
    if table.state_topic is None:
        return None
    template = Template(table.state_template) if table.state_template else None
    path = (table.field,) if table.field and template is None else ()
    return Report(device_topic(table.state_topic, "state_topic"), name, codec, template, path)
