"""Which device classes Home Assistant takes of which component, and of a number in which units.

It leaves out an entity whose class it does not know or whose unit does not fit (home-assistant/core#148360), so a class
that is not here is not told to it: the entity is there all the same. Facts of its documentation of sensors, numbers,
binary sensors, switches, buttons, covers, valves and events.
"""

from types import MappingProxyType
from typing import Final

from runtime.commands.registry.devices import Range

_NUMBERS: Final = MappingProxyType(
    {
        "apparent_power": {"VA"},
        "aqi": {""},
        "atmospheric_pressure": {"Pa", "hPa", "kPa", "bar", "mbar"},
        "battery": {"%"},
        "carbon_dioxide": {"ppm"},
        "carbon_monoxide": {"ppm"},
        "current": {"A", "mA"},
        "distance": {"mm", "cm", "m", "km"},
        "duration": {"ms", "s", "min", "h", "d"},
        "frequency": {"Hz", "kHz", "MHz", "GHz"},
        "humidity": {"%"},
        "illuminance": {"lx"},
        "irradiance": {"W/m²"},
        "moisture": {"%"},
        "ph": {""},
        "power": {"mW", "W", "kW", "MW"},
        "power_factor": {"", "%"},
        "pressure": {"Pa", "hPa", "kPa", "bar", "mbar"},
        "reactive_power": {"var"},
        "signal_strength": {"dB", "dBm"},
        "sound_pressure": {"dB", "dBA"},
        "speed": {"m/s", "km/h"},
        "temperature": {"°C", "°F", "K"},
        "voltage": {"mV", "V"},
        "volume_flow_rate": {"m³/h", "L/min"},
        "weight": {"mg", "g", "kg"},
        "wind_speed": {"m/s", "km/h"},
    }
)
"""What is measured. Sums, such as energy, are not here: a board does not say what sums of its begin with."""
_OTHERS: Final = MappingProxyType(
    {
        "binary_sensor": frozenset(
            (
                *(
                    "battery",
                    "battery_charging",
                    "carbon_monoxide",
                    "cold",
                    "connectivity",
                    "door",
                    "garage_door",
                ),
                *(
                    "gas",
                    "heat",
                    "light",
                    "lock",
                    "moisture",
                    "motion",
                    "moving",
                    "occupancy",
                    "opening",
                    "plug",
                ),
                *(
                    "power",
                    "presence",
                    "problem",
                    "running",
                    "safety",
                    "smoke",
                    "sound",
                    "tamper",
                    "vibration",
                ),
                "window",
            )
        ),
        "switch": frozenset(("outlet", "switch")),
        "button": frozenset(("identify", "restart", "update")),
        "cover": frozenset(
            (
                *("awning", "blind", "curtain", "damper", "door", "garage", "gate", "shade", "shutter"),
                "window",
            )
        ),
        "valve": frozenset(("gas", "water")),
        "event": frozenset(("button", "doorbell", "motion")),
    }
)


def fits(component: str, device_class: str, range_: Range | None = None) -> bool:
    """Whether Home Assistant takes a class of a component, and of a number in its unit."""
    if component in {"sensor", "number"}:
        return range_ is not None and range_.unit in _NUMBERS.get(device_class, ())
    return device_class in _OTHERS.get(component, ())
