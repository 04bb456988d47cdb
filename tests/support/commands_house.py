"""A house to speak to: two floors, seven rooms, names in English and Traditional Chinese, most kinds of device."""

from collections.abc import Mapping
from dataclasses import replace

from runtime.commands.registry.devices import (
    Area,
    Capability,
    Device,
    Kind,
    Name,
    Options,
    Press,
    Range,
    Switch,
    Text,
    Value,
)
from runtime.commands.registry.house import House, State

PERCENT = Range(0, 100, 1, "%")
COLORS = ("white", "red", "orange", "yellow", "green", "blue", "purple", "pink")

POWER = Capability("power", Switch())
BRIGHTNESS = Capability("brightness", PERCENT)
COLOR = Capability("color", Options(COLORS))
WARMTH = Capability("color_temperature", Range(2200, 6500, 50, "K"))
SPEED = Capability("speed", PERCENT)
POSITION = Capability("position", PERCENT)
COVER = Capability("state", Options(("open", "closed", "stopped")), also_read=("opening", "closing"))
GARAGE = replace(COVER, dangerous=("open",))
LOCK = Capability("state", Options(("locked", "unlocked")), dangerous=("unlocked",))
ACTIVATE = Capability("activate", Press(), readable=False)
HEATING = (
    Capability("mode", Options(("off", "heat", "cool", "auto"))),
    Capability("temperature", Range(7, 30, 0.5, "°C")),
    Capability("current_temperature", Range(-40, 60, 0.1, "°C"), settable=False),
)


def names(english: str, chinese: str, *more: str) -> tuple[Name, ...]:
    return (Name(english, "en"), Name(chinese, "zh-TW"), *(Name(each) for each in more))


def reading(domain: Range | Switch | Text) -> tuple[Capability, ...]:
    return (Capability("value", domain, settable=False),)


AREAS = (
    Area("kitchen", names("Kitchen", "廚房"), "ground floor"),
    Area("living_room", names("Living room", "客廳", "lounge"), "ground floor"),
    Area("hall", names("Hall", "走廊", "hallway"), "ground floor"),
    Area("garage", names("Garage", "車庫"), "ground floor"),
    Area("bedroom", names("Bedroom", "臥室"), "first floor"),
    Area("study", names("Study", "書房", "office"), "first floor"),
    Area("bathroom", names("Bathroom", "浴室"), "first floor"),
)

DEVICES = (
    Device("kitchen.light", names("Kitchen light", "廚房燈"), Kind.LIGHT, (POWER, BRIGHTNESS), "kitchen"),
    Device("kitchen.counter", names("Counter light", "流理台燈"), Kind.LIGHT, (POWER,), "kitchen"),
    Device("kitchen.coffee", names("Coffee machine", "咖啡機"), Kind.SWITCH, (POWER,), "kitchen"),
    Device("living.ceiling", names("Living room ceiling light", "客廳吸頂燈"), Kind.LIGHT,
           (POWER, BRIGHTNESS, COLOR, WARMTH), "living_room"),
    Device("living.floor", names("Floor lamp", "立燈"), Kind.LIGHT, (POWER, BRIGHTNESS, COLOR), "living_room"),
    Device("living.blinds", names("Living room blinds", "客廳百葉窗"), Kind.COVER, (COVER, POSITION),
           "living_room", "blind"),
    Device("living.fan", names("Ceiling fan", "吊扇"), Kind.FAN, (POWER, SPEED), "living_room"),
    Device("living.tv", names("TV", "電視", "television"), Kind.MEDIA_PLAYER,
           (POWER, Capability("volume", PERCENT)), "living_room"),
    Device("living.climate", names("Living room thermostat", "客廳冷氣"), Kind.CLIMATE, HEATING, "living_room"),
    Device("hall.light", names("Hall light", "走廊燈"), Kind.LIGHT, (POWER,), "hall"),
    Device("hall.lock", names("Front door", "大門"), Kind.LOCK, (LOCK,), "hall"),
    Device("garage.door", names("Garage door", "車庫門"), Kind.COVER, (GARAGE,), "garage", "garage"),
    Device("bedroom.desk", names("Desk lamp", "檯燈"), Kind.LIGHT, (POWER, BRIGHTNESS), "bedroom"),
    Device("bedroom.bedside", names("Bedside lamp", "床頭燈"), Kind.LIGHT, (POWER, BRIGHTNESS), "bedroom"),
    Device("bedroom.curtain", names("Bedroom curtains", "臥室窗簾"), Kind.COVER, (COVER, POSITION), "bedroom",
           "curtain"),
    Device("bedroom.heater", names("Bedroom heater", "臥室暖氣"), Kind.CLIMATE, HEATING, "bedroom"),
    Device("study.desk", names("Desk lamp", "檯燈"), Kind.LIGHT, (POWER, BRIGHTNESS), "study"),
    Device("study.fan", names("Study fan", "書房電扇"), Kind.FAN, (POWER, SPEED), "study"),
    Device("study.mode", names("Purifier mode", "空氣清淨機模式"), Kind.SELECT,
           (Capability("value", Options(("quiet", "normal", "turbo"))),), "study"),
    Device("study.level", names("Pump level", "幫浦強度"), Kind.NUMBER,
           (Capability("value", Range(1, 10, 1)),), "study"),
    Device("bathroom.light", names("Bathroom light", "浴室燈"), Kind.LIGHT, (POWER,), "bathroom"),
    Device("bathroom.humidifier", names("Dehumidifier", "除濕機"), Kind.HUMIDIFIER,
           (POWER, Capability("humidity", Range(30, 80, 5, "%"))), "bathroom"),
    Device("bathroom.humidity", names("Bathroom humidity", "浴室濕度"), Kind.SENSOR,
           reading(Range(0, 100, 0.1, "%")), "bathroom", "humidity"),
    Device("outside.temperature", names("Outdoor temperature", "室外溫度"), Kind.SENSOR,
           reading(Range(-40, 60, 0.1, "°C")), None, "temperature"),
    Device("hall.window", names("Hall window", "走廊窗戶"), Kind.BINARY_SENSOR, reading(Switch()), "hall", "window"),
    Device("scene.movie", names("Movie time", "看電影"), Kind.SCENE, (ACTIVATE,)),
    Device("scene.night", names("Good night", "晚安"), Kind.SCENE, (ACTIVATE,)),
    Device("hall.bell", names("Door bell", "門鈴"), Kind.BUTTON, (ACTIVATE,), "hall"),
)  # fmt: skip

STATES: Mapping[tuple[str, str], Value] = {
    ("kitchen.light", "power"): True,
    ("kitchen.light", "brightness"): 50.0,
    ("kitchen.counter", "power"): False,
    ("living.ceiling", "power"): True,
    ("living.ceiling", "brightness"): 80.0,
    ("living.ceiling", "color_temperature"): 4000.0,
    ("living.floor", "power"): False,
    ("living.blinds", "state"): "open",
    ("living.blinds", "position"): 100.0,
    ("living.fan", "power"): True,
    ("living.fan", "speed"): 40.0,
    ("living.tv", "power"): True,
    ("living.tv", "volume"): 30.0,
    ("living.climate", "temperature"): 21.0,
    ("living.climate", "current_temperature"): 19.5,
    ("living.climate", "mode"): "heat",
    ("hall.light", "power"): False,
    ("hall.lock", "state"): "locked",
    ("garage.door", "state"): "closed",
    ("bedroom.desk", "power"): True,
    ("bedroom.desk", "brightness"): 60.0,
    ("bedroom.bedside", "power"): True,
    ("bedroom.bedside", "brightness"): 30.0,
    ("bedroom.curtain", "state"): "closed",
    ("bedroom.curtain", "position"): 0.0,
    ("bedroom.heater", "temperature"): 20.0,
    ("bedroom.heater", "current_temperature"): 18.0,
    ("study.desk", "power"): False,
    ("bathroom.light", "power"): False,
    ("bathroom.humidity", "value"): 64.0,
    ("outside.temperature", "value"): 7.5,
    ("hall.window", "value"): True,
}


def house(states: Mapping[tuple[str, str], Value] = STATES, *, version: int = 1) -> House:
    """The house; `states` are the values that were heard, at time 0."""
    return House(
        areas={each.id: each for each in AREAS},
        devices={each.id: each for each in DEVICES},
        states={key: State(value, 0.0) for key, value in states.items()},
        version=version,
    )
