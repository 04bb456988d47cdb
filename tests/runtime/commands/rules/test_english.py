"""English sentences that follow a template, each with exactly what it comes to."""

import pytest

from runtime.commands.meaning import Do
from runtime.commands.sentence import Memory
from tests.runtime.commands.rules.conftest import Understand
from tests.support.said import short


def every(value: str, *things: str) -> str:
    return " ".join(f"{each}={value}" for each in things)


KITCHEN = ("kitchen.light.power", "kitchen.counter.power")
BEDROOM = ("bedroom.desk.power", "bedroom.bedside.power")
LIVING = ("living.ceiling.power", "living.floor.power")
GROUND = (*KITCHEN, *LIVING, "hall.light.power")
FIRST = (*BEDROOM, "study.desk.power", "bathroom.light.power")
ALL = (*GROUND, *FIRST)
ROOMS = "the kitchen | the living room | the hall | the bedroom | the study | the bathroom | all of them"
DESK_LAMPS = "the desk lamp in the bedroom | the desk lamp in the study"

SWITCHED = [
    ("turn on the kitchen light", "kitchen.light.power=on"),
    ("Turn on the Kitchen Light.", "kitchen.light.power=on"),
    ("switch the coffee machine on", "kitchen.coffee.power=on"),
    ("could you please switch the TV off?", "living.tv.power=off"),
    ("um, turn off the television, thanks", "living.tv.power=off"),
    ("hey, would you mind turning off the hall light", "hall.light.power=off"),
    ("I'd like you to turn on the study fan please", "study.fan.power=on"),
    ("start the coffee machine", "kitchen.coffee.power=on"),
    ("shut off the ceiling fan", "living.fan.power=off"),
    ("put the hall light on", "hall.light.power=on"),
    ("hall light on", "hall.light.power=on"),
    ("turn off the lights in the kitchen", every("off", *KITCHEN)),
    ("kitchen lights off", every("off", *KITCHEN)),
    ("lights in the kitchen off", every("off", *KITCHEN)),
    ("turn on the lounge lights", every("on", *LIVING)),
    ("turn on all the lights", every("on", *ALL)),
    ("all lights off", every("off", *ALL)),
    ("switch off every light in the house", every("off", *ALL)),
    ("turn off the lights on the first floor", every("off", *FIRST)),
    ("turn on all the lights on the ground floor", every("on", *GROUND)),
    ("turn on the fan in the living room", "living.fan.power=on"),
    ("light up the kitchen", every("on", *KITCHEN)),
    ("illuminate the bedroom", every("on", *BEDROOM)),
    ("turn on the lights downstairs", every("on", *GROUND)),
    ("turn off the upstairs lights", every("off", *FIRST)),
    ("turn off all the fans", every("off", "living.fan.power", "study.fan.power")),
    ("turn on the desk lamp in the study", "study.desk.power=on"),
    ("turn off the heating in the bedroom", "bedroom.heater.mode=off"),
    ("turn on the dehumidifier", "bathroom.humidifier.power=on"),
    ("don't forget to turn off the TV", "living.tv.power=off"),
    ("make sure the hall light is off", "hall.light.power=off"),
]
MOVED = [
    ("turn the heating off everywhere", "living.climate.mode=off bedroom.heater.mode=off"),
    ("lock everything", "hall.lock.state=locked"),
    ("lock the door", "hall.lock.state=locked"),
    ("open the garage door", "garage.door.state=open"),
    ("close the garage door", "garage.door.state=closed"),
    ("stop the garage door", "garage.door.state=stopped"),
    ("close the living room blinds", "living.blinds.state=closed"),
    ("pull down the living room blinds", "living.blinds.state=closed"),
    ("open the curtains in the bedroom", "bedroom.curtain.state=open"),
    ("close the blinds", "living.blinds.state=closed"),
    ("lock the front door", "hall.lock.state=locked"),
    ("unlock the front door", "hall.lock.state=unlocked"),
    ("lock all the doors", "hall.lock.state=locked"),
    ("movie time", "scene.movie.activate="),
    ("activate the good night scene", "scene.night.activate="),
    ("press the door bell", "hall.bell.activate="),
    ("open the living room blinds halfway", "living.blinds.position=50"),
    ("set the bedroom curtains to a quarter", "bedroom.curtain.position=25"),
    ("close the bedroom curtains to 30%", "bedroom.curtain.position=30"),
]
LEVELS = [
    ("change the floor lamp colour to green", "living.floor.color=green"),
    (
        "set the lights to blue in the living room",
        every("blue", "living.ceiling.color", "living.floor.color"),
    ),
    ("bedroom lights 20%", every("20", "bedroom.desk.brightness", "bedroom.bedside.brightness")),
    ("bedroom curtains 40%", "bedroom.curtain.position=40"),
    ("bedroom heater 22 degrees", "bedroom.heater.temperature=22"),
    ("set the temperature to 22 in the bedroom", "bedroom.heater.temperature=22"),
    ("set the bedroom to 40%", every("40", "bedroom.desk.brightness", "bedroom.bedside.brightness")),
    ("turn the kitchen light all the way up", "kitchen.light.brightness=100"),
    ("turn the kitchen light all the way down", "kitchen.light.brightness=1"),
    ("set the volume to 20", "living.tv.volume=20"),
    ("set the fan speed to 30 percent in the living room", "living.fan.speed=30"),
    ("set the living room to 22 degrees", "living.climate.temperature=22"),
    ("set the kitchen light to forty percent", "kitchen.light.brightness=40"),
    ("set the kitchen light brightness to 75 %", "kitchen.light.brightness=75"),
    ("dim the kitchen light to 20%", "kitchen.light.brightness=20"),
    ("set the floor lamp to maximum brightness", "living.floor.brightness=100"),
    (
        "set the bedroom lights to 30 percent",
        every("30", "bedroom.desk.brightness", "bedroom.bedside.brightness"),
    ),
    ("make the floor lamp blue", "living.floor.color=blue"),
    ("set the living room ceiling light to warm white", "living.ceiling.color_temperature=2700"),
    ("set the living room ceiling light to 4000 kelvin", "living.ceiling.color_temperature=4000"),
    ("set the bedroom heater to 21.5 degrees", "bedroom.heater.temperature=21.5"),
    ("set the bedroom heater to twenty one and a half degrees", "bedroom.heater.temperature=21.5"),
    ("set the bedroom heater to 70 degrees fahrenheit", "bedroom.heater.temperature=21"),
    ("set the temperature in the living room to 20 degrees", "living.climate.temperature=20"),
    ("heat the bedroom to 22 degrees", "bedroom.heater.temperature=22"),
    ("set the living room thermostat to cool", "living.climate.mode=cool"),
    ("set the ceiling fan to 60%", "living.fan.speed=60"),
    ("set the study fan to high", "study.fan.speed=100"),
    ("set the TV volume to 25", "living.tv.volume=25"),
    ("set the purifier mode to turbo", "study.mode.value=turbo"),
    ("set the pump level to seven", "study.level.value=7"),
    ("set the dehumidifier to 55%", "bathroom.humidifier.humidity=55"),
    ("set the humidity in the bathroom to 50 percent", "bathroom.humidifier.humidity=50"),
]
CHANGES = [
    ("make the living room lights warmer", "living.ceiling.color_temperature=3500"),
    ("lower the lights in the bedroom", "bedroom.desk.brightness=40 bedroom.bedside.brightness=10"),
    ("increase the temperature by two degrees in the bedroom", "bedroom.heater.temperature=22"),
    ("dim the kitchen light by half", "kitchen.light.brightness=25"),
    ("make the bedroom a bit darker", "bedroom.desk.brightness=50 bedroom.bedside.brightness=20"),
    ("make the kitchen light brighter", "kitchen.light.brightness=70"),
    ("make the kitchen light much brighter", "kitchen.light.brightness=90"),
    ("dim the kitchen light", "kitchen.light.brightness=30"),
    ("increase the brightness of the kitchen light by 10%", "kitchen.light.brightness=60"),
    ("turn up the TV", "living.tv.volume=50"),
    ("turn the volume down on the TV", "living.tv.volume=10"),
    ("make the TV a little quieter", "living.tv.volume=20"),
    ("make the living room warmer", "living.climate.temperature=22"),
    ("turn the heating down in the bedroom by 2 degrees", "bedroom.heater.temperature=18"),
    ("make the living room ceiling light warmer", "living.ceiling.color_temperature=3500"),
    ("make the ceiling fan faster", "living.fan.speed=60"),
    ("make the study fan faster", "? study.fan.speed="),
    (
        "make the floor lamp darker",
        '" The floor lamp is off, so nothing was done; turn it on first, or say how bright it should be.',
    ),
    ("close the living room blinds a bit", "living.blinds.position=90"),
]
LATER = [
    ("turn on the hall light in ten minutes", "hall.light.power=on +600"),
    ("in half an hour turn off the TV", "living.tv.power=off +1800"),
    ("in an hour and a half, lock the front door", "hall.lock.state=locked +5400"),
    ("turn off the coffee machine in 1 hour and 15 minutes", "kitchen.coffee.power=off +4500"),
    ("turn on the desk lamp in 30 seconds", f"? {DESK_LAMPS}"),
    ("start movie time in 5 minutes", "scene.movie.activate= +300"),
    ("cancel the timer", "-"),
    ("cancel everything that is planned", "-"),
    ("cancel the timer for the hall light", "- hall.light"),
]
TOLD = [
    ("is the front door open", '" The front door is locked.'),
    ("are the doors locked", '" Yes, all of them are locked.'),
    ("what's the status of the garage door", '" The garage door is closed.'),
    ("has the front door been locked", '" Yes, the front door is locked.'),
    ("is it warm in the bedroom", '" The temperature of the bedroom heater is 18 °C.'),
    ("what is the bedroom heater set to", '" The temperature of the bedroom heater is 20 °C.'),
    ("is the garage door open?", '" No, the garage door is closed.'),
    ("is the front door locked", '" Yes, the front door is locked.'),
    ("is the kitchen light on", '" Yes, the kitchen light is on.'),
    ("is the hall window open", '" Yes, the hall window is open.'),
    ("which lights are on in the bedroom", '" On: the desk lamp in the bedroom and the bedside lamp.'),
    ("are all the lights off in the hall", '" Yes, all of them are off.'),
    ("are any lights on in the bathroom", '" No, none of them is on.'),
    ("how many lights are on in the kitchen", '" 1: the kitchen light.'),
    ("are any windows open", '" Yes: the hall window.'),
    ("how warm is the bedroom", '" The temperature of the bedroom heater is 18 °C.'),
    (
        "what is the temperature in the living room",
        '" The temperature of the living room thermostat is 19.5 °C.',
    ),
    ("what is the outdoor temperature", '" The outdoor temperature is 7.5 °C.'),
    ("what is the temperature outside", '" The outdoor temperature is 7.5 °C.'),
    ("how humid is the bathroom", '" The bathroom humidity is 64%.'),
    ("how bright is the kitchen light", '" The brightness of the kitchen light is 50%.'),
    ("is the coffee machine on", '" The coffee machine has not told its state yet.'),
    ("is the desk lamp on", '" The desk lamp in the bedroom is on. The desk lamp in the study is off.'),
    ("what is on in the bedroom", '" On: the desk lamp in the bedroom and the bedside lamp.'),
]
ASKED = [
    ("turn on the desk lamp", f"? {DESK_LAMPS}"),
    ("turn on the lamp in the bedroom", "? the desk lamp in the bedroom | the bedside lamp"),
    ("turn on the light", f"? {ROOMS}"),
    ("turn off the lights", f"? {ROOMS}"),
    ("turn on the fan", "? the ceiling fan | the study fan"),
    ("set the desk lamp to 20%", f"? {DESK_LAMPS}"),
    ("set the temperature to 20 degrees", "? the living room | the bedroom | all of them"),
]
REFUSED = [
    ("don't turn on the kitchen light", "! not_wanted"),
    ("do not open the garage door", "! not_wanted"),
    ("never unlock the front door", "! not_wanted"),
    ("leave the kitchen light on", "! not_wanted"),
    ("keep the front door locked", "! not_wanted"),
    ("turn off the lights except in the kitchen", "! not_wanted"),
    ("never mind", "! not_wanted"),
    ("cancel that", "! not_wanted"),
    ("set the kitchen light to 140%", "! out_of_range"),
    ("set the bedroom heater to 45 degrees", "! out_of_range"),
    ("set the pump level to minus three", "! out_of_range"),
    ("make the floor lamp brown", "! out_of_range"),
    ("set the hall light to 50%", "! no_such_capability"),
    ("make the kitchen light green", "! no_such_capability"),
    ("turn on the fan in the kitchen", "! no_such_device"),
    ("close the blinds in the bathroom", "! no_such_device"),
    ("turn on the desk lamp in the kitchen", "! no_such_device"),
    ("turn on the hall light at 7 pm", "! not_understood"),
    ("turn on the hall light tomorrow morning", "! not_understood"),
    ("turn on the coffee machine for ten minutes", "! not_understood"),
]
LEFT = [
    "I turned on the kitchen light",
    "did you turn on the kitchen light",
    "should I turn on the kitchen light",
    "turn on the kitchen light when I get home",
    "what happens if I turn on the kitchen light",
    "movie time starts at 8",
    "good night moon",
    "hall light on the left",
    "turn the light",
    "on",
    "turn off movie time",
    "set the bedroom to 21",
    "kitchen light",
    "turn on the sauna",
    "who is in the kitchen",
    "play some music in the kitchen",
    "add milk to the shopping list",
    "what is the weather like",
    "broadcast dinner is ready",
    "set a timer for ten minutes",
    "turn it off",
    "the kitchen light is on",
    "it is too dark in here",
    "if it rains close the blinds",
    "why did the lights go out",
    "tell me a joke",
]


@pytest.mark.parametrize(
    ("text", "meant"), [*SWITCHED, *MOVED, *LEVELS, *CHANGES, *LATER, *TOLD, *ASKED, *REFUSED]
)
async def test_a_sentence_comes_to_exactly_this(understand: Understand, text: str, meant: str) -> None:
    assert short(await understand(text)) == meant


@pytest.mark.parametrize("text", LEFT)
async def test_what_follows_no_template_is_left_to_others(understand: Understand, text: str) -> None:
    assert await understand(text) is None


@pytest.mark.parametrize(
    ("area", "text", "meant"),
    [
        ("kitchen", "turn off the lights", every("off", *KITCHEN)),
        ("kitchen", "turn off the light", "? the kitchen light | the counter light"),
        ("hall", "turn on the light", "hall.light.power=on"),
        ("study", "turn on the desk lamp", "study.desk.power=on"),
        ("study", "turn on the fan", "study.fan.power=on"),
        ("bedroom", "make it warmer in here", "bedroom.heater.temperature=21"),
        ("bedroom", "set the temperature to 19 degrees", "bedroom.heater.temperature=19"),
        ("kitchen", "turn on the fan", "! no_such_device"),
        ("kitchen", "turn off all the lights in the bedroom", every("off", *BEDROOM)),
    ],
)
async def test_here_is_where_it_was_said(understand: Understand, area: str, text: str, meant: str) -> None:
    assert short(await understand(text, area=area)) == meant


@pytest.mark.parametrize(
    ("devices", "text", "meant"),
    [
        (("hall.light",), "turn it on", "hall.light.power=on"),
        (("hall.light",), "turn it off again", "hall.light.power=off"),
        (("kitchen.light",), "make it a bit brighter", "kitchen.light.brightness=60"),
        (("kitchen.light",), "set it to 30%", "kitchen.light.brightness=30"),
        (("garage.door",), "is it open", '" No, the garage door is closed.'),
        (("garage.door",), "close it", "garage.door.state=closed"),
        (LIVING_IDS := ("living.ceiling", "living.floor"), "turn them off", every("off", *LIVING)),
        (LIVING_IDS, "make them green", every("green", "living.ceiling.color", "living.floor.color")),
        (("hall.light", "garage.door"), "turn them off", "none"),
        (("hall.light",), "close it", "none"),
        (("hall.light",), "cancel that", "- hall.light"),
        (("removed.lamp",), "turn it off", "none"),
    ],
)
async def test_it_is_what_was_spoken_of_last(
    understand: Understand, devices: tuple[str, ...], text: str, meant: str
) -> None:
    assert short(await understand(text, memory=Memory(devices))) == meant


@pytest.mark.parametrize(
    "text",
    [
        "it's a bit cold",
        "I'm a bit cold",
        "a bit dark in here",
        "it's too bright",
        "too loud",
        "a bit too warm",
        "it is hot",
    ],
)
async def test_how_it_feels_is_no_change_to_more_of_it(understand: Understand, text: str) -> None:
    assert await understand(text, area="living_room") is None


async def test_no_verb_but_a_question_mark_is_a_question(understand: Understand) -> None:
    assert await understand("floor lamp on?") is None
    assert isinstance(await understand("turn the floor lamp on?"), Do)
    assert isinstance(await understand("floor lamp out"), Do)
