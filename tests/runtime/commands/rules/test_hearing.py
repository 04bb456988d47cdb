"""What was recognised is remembered, within bounds, for as long as the house is the same."""

from dataclasses import replace

from runtime.commands.rules.hearing import Hearing
from runtime.commands.rules.recogniser import Recogniser
from tests.support.commands_house import house


def test_a_sentence_is_recognised_once_and_the_same_again() -> None:
    hearing = Hearing(Recogniser("en"), house())
    said = ("turn on the kitchen light", ())
    assert not hearing.knows(said)
    first = hearing.found(said)
    assert first is not None
    assert first.devices == ("kitchen.light",)
    assert hearing.knows(said)
    assert hearing.found(said) is first


def test_what_it_means_depends_on_what_was_spoken_of() -> None:
    hearing = Hearing(Recogniser("en"), house())
    assert hearing.found(("turn it on", ())) is None
    found = hearing.found(("turn it on", ("hall.light",)))
    assert found is not None
    assert (found.devices, found.together) == (("hall.light",), True)


def test_no_more_is_remembered_than_five_hundred_sentences() -> None:
    hearing = Hearing(Recogniser("en"), house())
    for number in range(600):
        hearing.found((f"say {chr(0x4E00 + number)}", ()))
    assert not hearing.knows((f"say {chr(0x4E00)}", ()))
    assert hearing.knows((f"say {chr(0x4E00 + 599)}", ()))


def test_a_house_whose_devices_changed_is_another() -> None:
    rooms = house()
    hearing = Hearing(Recogniser("en"), rooms)
    assert hearing.fits(rooms)
    assert hearing.fits(replace(rooms, states={}))
    assert not hearing.fits(replace(rooms, version=2))
    assert not hearing.fits(replace(rooms, devices={}))
