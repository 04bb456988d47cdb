import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.quantities import Quantity, digits, quantities


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("set it to forty percent", "set it to 40%"),
        ("set it to forty-five per cent", "set it to 45%"),
        ("a hundred", "100"),
        ("one hundred and fifty", "150"),
        ("two thousand seven hundred kelvin", "2700 kelvin"),
        ("twenty one and a half degrees", "21.5 degrees"),
        ("21 and a half", "21.5"),
        ("minus three degrees celsius", "-3°"),
        ("seventy degrees fahrenheit", "70°f"),
        ("six point five", "6.5"),
        ("the one in the hall", "the one in the hall"),
        ("turn on lamp two", "turn on lamp 2"),
        ("someone phoned", "someone phoned"),
        ("volume two twenty", "volume 2 20"),
        ("one fifty", "1 50"),
        ("twenty and thirty", "20 and 30"),
        ("twenty-one hundred", "2100"),
        ("a degree and a half", "1.5 degrees"),
        ("one million", "1000000"),
        ("5 hundred", "500"),
        ("nineteen ninety", "19 90"),
        ("set it to \u22125", "set it to -5"),
        ("set it to \u20135", "set it to -5"),
        ("minus 5", "-5"),
    ],
)
def test_english_numbers_become_digits(text: str, counted: str) -> None:
    assert digits(text, "en") == counted


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("調到四十趴", "調到40趴"),
        ("百分之四十", "百分之40"),
        ("二十五度半", "25.5度"),
        ("兩度", "2度"),
        ("一百五十", "150"),
        ("一百零五", "105"),
        ("一百五", "150"),
        ("八成", "80%"),
        ("設為七", "設為7"),
        ("二樓", "2樓"),
        ("調亮一點", "調亮一點"),
        ("一半", "一半"),
        ("負三度", "-3度"),
        ("十分鐘", "10分鐘"),
        ("二十點五度", "20.5度"),
        ("百分之百", "百分之100"),
        ("百秒後", "100秒後"),
        ("調到一萬", "調到10000"),
        ("十二萬", "120000"),
        ("負5度", "-5度"),
        ("零下5度", "-5度"),
    ],
)
def test_chinese_numbers_become_digits(text: str, counted: str) -> None:
    assert digits(text, "zh-TW") == counted


@given(st.integers(0, 9999))
def test_digits_stay_digits(number: int) -> None:
    assert digits(f"set it to {number}", "en") == f"set it to {number}"
    assert digits(f"調到{number}度", "zh-TW") == f"調到{number}度"


def words(number: int) -> str:
    """A number below 1000 as it is said."""
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    )
    tens = "twenty thirty forty fifty sixty seventy eighty ninety"
    if number < 20:
        return small.split(" ")[number]
    if number < 100:
        rest = f"-{words(number % 10)}" if number % 10 else ""
        return tens.split(" ")[number // 10 - 2] + rest
    rest = f" and {words(number % 100)}" if number % 100 else ""
    return f"{words(number // 100)} hundred{rest}"


def characters(number: int) -> str:
    """A number from 10 to 999 as it is written in Chinese."""
    figures = "零一二三四五六七八九"
    hundred, ten, one = number // 100, number // 10 % 10, number % 10
    text = f"{figures[hundred]}百" if hundred else ""
    if ten:
        text += f"{'' if ten == 1 and not hundred else figures[ten]}十"
    elif hundred and one:
        text += "零"
    return text + (figures[one] if one else "")


@given(st.integers(0, 999))
def test_every_number_in_words_is_that_number(number: int) -> None:
    assert digits(f"set it to {words(number)} percent", "en") == f"set it to {number}%"


@given(st.integers(10, 999))
def test_every_number_in_characters_is_that_number(number: int) -> None:
    assert digits(f"調到{characters(number)}度", "zh-TW") == f"調到{number}度"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("to 40%", {"40": Quantity(40, "%")}),
        ("to 21.5°", {"21.5": Quantity(21.5, "°C")}),
        ("to 70°f", {"70°f": Quantity(70, "°F")}),
        ("to 40", {"40": Quantity(40)}),
        ("百分之40", {"40": Quantity(40, "%")}),
        ("40趴", {"40": Quantity(40, "%")}),
        ("open it half way", {"half": Quantity(0.5, "of"), "half way": Quantity(0.5, "of")}),
        ("a quarter", {"a quarter": Quantity(0.25, "of")}),
        ("nothing", {}),
    ],
)
def test_quantities_are_found_with_their_units(text: str, found: dict[str, Quantity]) -> None:
    assert dict(quantities(text)) == found


@given(st.text(max_size=80), st.sampled_from(["en", "zh-TW", "fr"]))
def test_any_text_has_some_quantities_or_none(text: str, language: str) -> None:
    counted = digits(text, language)
    assert all(said in counted for said, _ in quantities(counted))
