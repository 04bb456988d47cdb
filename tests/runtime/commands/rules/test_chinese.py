"""Sentences in Traditional Chinese, each with exactly what it comes to."""

import pytest

from runtime.commands.sentence import Memory
from tests.runtime.commands.rules.conftest import Understand
from tests.runtime.commands.rules.test_english import ALL, BEDROOM, KITCHEN, LIVING, every
from tests.support.said import short

ROOMS = "廚房 | 客廳 | 走廊 | 臥室 | 書房 | 浴室 | 全部"
DESK_LAMPS = "臥室的檯燈 | 書房的檯燈"

DONE = [
    ("可以幫我開走廊燈嗎", "hall.light.power=on"),
    ("你能不能把電視關掉?", "living.tv.power=off"),
    ("關掉樓上的燈", every("off", *BEDROOM, "study.desk.power", "bathroom.light.power")),
    ("客廳冷氣設26度", "living.climate.temperature=26"),
    ("臥室床頭燈調到30%", "bedroom.bedside.brightness=30"),
    ("客廳電扇調小一點", "living.fan.speed=30"),
    ("除濕機設定濕度50", "bathroom.humidifier.humidity=50"),
    ("客廳溫度調高一點", "living.climate.temperature=21.5"),
    ("鎖門", "hall.lock.state=locked"),
    ("打開廚房燈", "kitchen.light.power=on"),
    ("請幫我打開廚房燈,謝謝", "kitchen.light.power=on"),
    ("把走廊燈關掉", "hall.light.power=off"),
    ("麻煩你把電視關掉好嗎?", "living.tv.power=off"),
    ("打開咖啡機", "kitchen.coffee.power=on"),
    ("開一下走廊燈", "hall.light.power=on"),
    ("請把廚房的燈關掉", every("off", *KITCHEN)),
    ("打開客廳的燈", every("on", *LIVING)),
    ("關掉臥室所有的燈", every("off", *BEDROOM)),
    ("打開所有的燈", every("on", *ALL)),
    ("把全部的燈都關掉", every("off", *ALL)),
    ("打開客廳的電扇", "living.fan.power=on"),
    ("關掉臥室的暖氣", "bedroom.heater.mode=off"),
    ("打開書房的檯燈", "study.desk.power=on"),
    ("別忘了關掉電視", "living.tv.power=off"),
    ("打開車庫門", "garage.door.state=open"),
    ("把車庫門關上", "garage.door.state=closed"),
    ("拉上臥室窗簾", "bedroom.curtain.state=closed"),
    ("打開客廳百葉窗", "living.blinds.state=open"),
    ("關上所有的窗簾", "living.blinds.state=closed bedroom.curtain.state=closed"),
    ("鎖上大門", "hall.lock.state=locked"),
    ("把大門鎖起來", "hall.lock.state=locked"),
    ("大門解鎖", "hall.lock.state=unlocked"),
    ("看電影", "scene.movie.activate="),
    ("啟動晚安情境", "scene.night.activate="),
    ("按門鈴", "hall.bell.activate="),
    ("把廚房燈調到百分之四十", "kitchen.light.brightness=40"),
    ("把客廳的燈調到四十趴", every("40", "living.ceiling.brightness", "living.floor.brightness")),
    ("立燈亮度調到八成", "living.floor.brightness=80"),
    ("把客廳百葉窗開到一半", "living.blinds.position=50"),
    ("把立燈調成藍色", "living.floor.color=blue"),
    ("客廳冷氣設定為二十五度半", "living.climate.temperature=25.5"),
    ("把客廳冷氣調到25度", "living.climate.temperature=25"),
    ("把客廳冷氣切換到自動模式", "living.climate.mode=auto"),
    ("把吊扇調到最高", "living.fan.speed=100"),
    ("電視音量調到三十", "living.tv.volume=30"),
    ("幫浦強度設為七", "study.level.value=7"),
    ("空氣清淨機模式設為turbo", "study.mode.value=turbo"),
    ("廚房燈調亮一點", "kitchen.light.brightness=60"),
    ("把臥室的燈調暗一點", "bedroom.desk.brightness=50 bedroom.bedside.brightness=20"),
    ("電視大聲一點", "living.tv.volume=40"),
    ("臥室暖氣調高兩度", "bedroom.heater.temperature=22"),
    ("十分鐘後關掉客廳的燈", f"{every('off', *LIVING)} +600"),
    ("半小時後打開咖啡機", "kitchen.coffee.power=on +1800"),
    ("再過一個半小時把電視關掉", "living.tv.power=off +5400"),
    ("三十秒後鎖上大門", "hall.lock.state=locked +30"),
    ("取消計時", "-"),
]
TOLD = [
    ("廚房燈多亮", '" 廚房燈的亮度是 50%。'),
    ("室外溫度多少", '" 室外溫度是 7.5 °C。'),
    ("所有的燈都關了嗎", '" 不是，這些不是：廚房燈、客廳吸頂燈、臥室的檯燈和床頭燈。'),
    ("門鎖了嗎", '" 是的，全部都是鎖上的。'),
    ("廚房有開燈嗎", '" 有：廚房燈。'),
    ("車庫門開著嗎", '" 不是，車庫門是關上的。'),
    ("車庫門關了嗎?", '" 是的，車庫門是關上的。'),
    ("大門鎖了嗎", '" 是的，大門是鎖上的。'),
    ("廚房燈開著嗎", '" 是的，廚房燈是開著的。'),
    ("臥室哪些燈開著", '" 開著的有：臥室的檯燈和床頭燈。'),
    ("廚房有幾盞燈開著", '" 1 個：廚房燈。'),
    ("臥室幾度", '" 臥室暖氣的溫度是 18 °C。'),
    ("請問外面幾度", '" 室外溫度是 7.5 °C。'),
    ("浴室濕度多少", '" 浴室濕度是 64%。'),
]
NOT_DONE = [
    ("可以幫我開走廊燈嗎", "hall.light.power=on"),
    ("你能不能把電視關掉?", "living.tv.power=off"),
    ("關掉樓上的燈", every("off", *BEDROOM, "study.desk.power", "bathroom.light.power")),
    ("客廳冷氣設26度", "living.climate.temperature=26"),
    ("臥室床頭燈調到30%", "bedroom.bedside.brightness=30"),
    ("客廳電扇調小一點", "living.fan.speed=30"),
    ("除濕機設定濕度50", "bathroom.humidifier.humidity=50"),
    ("客廳溫度調高一點", "living.climate.temperature=21.5"),
    ("鎖門", "hall.lock.state=locked"),
    ("打開檯燈", f"? {DESK_LAMPS}"),
    ("開燈", f"? {ROOMS}"),
    ("不要開廚房燈", "! not_wanted"),
    ("別打開車庫門", "! not_wanted"),
    ("不用關燈了", "! not_wanted"),
    ("讓廚房燈開著", "! not_wanted"),
    ("除了廚房以外把燈都關掉", "! not_wanted"),
    ("算了", "! not_wanted"),
    ("把廚房燈調到百分之一百四十", "! out_of_range"),
    ("客廳冷氣設定為四十五度", "! out_of_range"),
    ("把立燈調成咖啡色", "! out_of_range"),
    ("把走廊燈調到五十趴", "! no_such_capability"),
    ("打開廚房的電扇", "! no_such_device"),
    ("晚上七點打開廚房燈", "! not_understood"),
    ("打開廚房燈十分鐘", "! not_understood"),
]
LEFT = [
    "我把廚房燈打開了",
    "廚房燈打開了",
    "你打開廚房燈了嗎",
    "要不要開燈",
    "幾點了",
    "打開三溫暖",
    "今天天氣如何",
    "播放音樂",
    "客廳的燈關了",
    "燈太亮了",
    "廚房燈",
    "為什麼燈沒開",
    "你是誰",
    "把它關掉",
]


@pytest.mark.parametrize(("text", "meant"), [*DONE, *TOLD, *NOT_DONE])
async def test_a_sentence_comes_to_exactly_this(understand: Understand, text: str, meant: str) -> None:
    assert short(await understand(text)) == meant


@pytest.mark.parametrize("text", LEFT)
async def test_what_follows_no_template_is_left_to_others(understand: Understand, text: str) -> None:
    assert await understand(text) is None


@pytest.mark.parametrize(
    ("area", "text", "meant"),
    [
        ("kitchen", "關燈", every("off", *KITCHEN)),
        ("study", "打開檯燈", "study.desk.power=on"),
        ("bedroom", "調亮一點", "bedroom.desk.brightness=70 bedroom.bedside.brightness=40"),
    ],
)
async def test_here_is_where_it_was_said(understand: Understand, area: str, text: str, meant: str) -> None:
    assert short(await understand(text, area=area)) == meant


async def test_it_is_what_was_spoken_of_last(understand: Understand) -> None:
    memory = Memory(("hall.light",))
    assert short(await understand("把它關掉", memory=memory)) == "hall.light.power=off"
    assert short(await understand("取消剛才的", memory=memory)) == "- hall.light"
    assert short(await understand("取消剛才的")) == "! not_wanted"


@pytest.mark.parametrize(
    ("area", "text", "meant"),
    [
        ("living_room", "有點冷", "living.climate.temperature=21.5"),
        ("living_room", "好冷喔", "living.climate.temperature=22"),
        ("living_room", "我覺得太冷了", "living.climate.temperature=22"),
        ("living_room", "有點熱", "living.climate.temperature=20.5"),
        ("living_room", "太熱了", "living.climate.temperature=20"),
        ("kitchen", "有點暗", "kitchen.light.brightness=60"),
        ("kitchen", "太暗", "kitchen.light.brightness=70"),
        ("kitchen", "太亮了", "kitchen.light.brightness=30"),
        ("living_room", "太吵了", "living.tv.volume=10"),
        ("living_room", "太大聲", "living.tv.volume=10"),
        (None, "客廳有點冷", "living.climate.temperature=21.5"),
        ("living_room", "冷一點", "living.climate.temperature=20.5"),
        ("living_room", "冷", "none"),
        ("living_room", "廚房燈亮", "none"),
        ("living_room", "客廳冷", "none"),
        ("living_room", "冷氣有點冷", "none"),
        ("living_room", "有點冷嗎", "none"),
    ],
)
async def test_a_complaint_asks_for_the_opposite(
    understand: Understand, area: str | None, text: str, meant: str
) -> None:
    assert short(await understand(text, area=area)) == meant
