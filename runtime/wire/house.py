"""A house as a JSON object, whoever is told of it: areas, and devices with what they do. Values to values; no I/O."""

from typing import Any

from runtime.commands.registry.devices import Capability, Name, Options, Range, shown
from runtime.commands.registry.house import House


def house_told(house: House) -> dict[str, Any]:
    """What there is, not how it is."""
    return {
        "areas": [
            {"id": area.id, "names": _names(area.names), "floor": area.floor} for area in house.areas.values()
        ],
        "devices": [
            {
                "id": device.id,
                "names": _names(device.names),
                "kind": device.kind.value,
                "area": device.area,
                "device_class": device.device_class,
                "source": device.source,
                "capabilities": [_capability(each) for each in device.capabilities],
            }
            for device in house.devices.values()
        ],
    }


def _names(names: tuple[Name, ...]) -> list[dict[str, str]]:
    return [
        {"text": each.text} | ({} if each.language is None else {"language": each.language}) for each in names
    ]


def _capability(capability: Capability) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": capability.name,
        "type": type(capability.domain).__name__.lower(),
        "settable": capability.settable,
        "readable": capability.readable,
    }
    match capability.domain:
        case Range(low, high, step, unit):
            said |= {"low": low, "high": high, "step": step, "unit": unit}
        case Options(values):
            said["values"] = list(values)
    if capability.always_dangerous:
        said["dangerous"] = True
    elif capability.dangerous:
        said["dangerous"] = [shown(each) for each in capability.dangerous]
    return said
