"""What was planned is called off by the words that set it, and can be asked for."""

import pytest

from tests.runtime.commands.rules.conftest import Understand
from tests.support.said import short


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cancel the timer", "-"),
        ("取消計時器", "-"),
        ("cancel the timer for the hall light", "- hall.light"),
        ("cancel the timer for the light in the bathroom", "- bathroom.light"),
        ("cancel the lounge fan timer", "- living.fan"),
        ("cancel the hall timer", "- hall.light hall.lock hall.window hall.bell"),
        ("取消浴室燈的計時器", "- bathroom.light"),
        ("取消浴室的燈的計時", "- bathroom.light"),
        ("取消客廳風扇的定時", "- living.fan"),
        ("cancel the garage light timer", "! no_such_device"),
        ("what is planned", "planned:"),
        ("what's planned", "planned:"),
        ("what timers are there", "planned:"),
        ("are there any timers", "planned:"),
        ("還有什麼計時", "planned:"),
        ("有哪些計時器", "planned:"),
    ],
)
async def test_of_one_place_or_of_all(understand: Understand, text: str, meant: str) -> None:
    assert short(await understand(text)) == meant
