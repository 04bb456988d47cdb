"""Commands that a house may hear, made by a seed: text in no order that a model could have learnt."""

import random
from typing import Final

DEVICES: Final = (
    *(
        "light",
        "lamp",
        "ceiling light",
        "floor lamp",
        "fan",
        "heater",
        "radiator",
        "blinds",
        "curtains",
        "shutter",
    ),
    *("television", "coffee machine", "kettle", "thermostat", "air conditioner", "humidifier", "dishwasher"),
    *("garage door", "front door", "radio", "vacuum", "pump", "sprinkler", "desk lamp", "heating"),
)
ROOMS: Final = (
    *(
        "kitchen",
        "living room",
        "bedroom",
        "bathroom",
        "hallway",
        "office",
        "garage",
        "nursery",
        "dining room",
    ),
    *("cellar", "attic", "guest room", "conservatory", "utility room", "study", "porch"),
)
FORMS: Final = (
    *("turn on the {room} {device}", "turn off the {room} {device}", "switch the {device} in the {room} off"),
    *("please turn the {room} {device} on", "set the {room} {device} to {number} percent"),
    *(
        "set the {room} to {degrees} degrees",
        "is the {device} in the {room} on",
        "what is the {room} temperature",
    ),
    *(
        "open the {room} blinds",
        "close the curtains in the {room}",
        "dim the {room} lights",
        "lock the front door",
    ),
    *("turn off all the lights in the {room}", "turn everything off", "how warm is it in the {room}"),
    *("make the {room} brighter", "turn on the {room} {device} and turn off the {other} {device}"),
    *("yes", "no", "cancel that", "turn on the {device} in {minutes} minutes", "good night"),
)


def sentences(count: int, seed: int) -> list[str]:
    """So many, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311  a choice of words, not a secret
    return [
        rng.choice(FORMS).format(
            device=rng.choice(DEVICES),
            room=rng.choice(ROOMS),
            other=rng.choice(ROOMS),
            number=rng.choice(("ten", "twenty", "forty", "fifty", "eighty")),
            degrees=rng.choice(("eighteen", "nineteen", "twenty", "twenty one", "twenty two")),
            minutes=rng.choice(("two", "five", "ten", "thirty")),
        )
        for _ in range(count)
    ]
