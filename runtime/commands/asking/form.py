"""Whether a sentence asks how things are now. Knows the forms of questions; knows no house.

What is asked politely is no question ("can you turn it on"), nor is what was, will be, might be, or why.
"""

from dataclasses import dataclass

from runtime.commands.asking.words import Words


@dataclass(frozen=True, slots=True)
class Question:
    """A sentence that asks."""

    text: str
    """Without what asks to be told: "tell me whether"."""
    bare: bool
    """It need not say what is asked: "check the gate"."""
    acts: bool
    """It asks whether somebody did something: "did anyone close"."""
    backwards: bool
    """It asks whether something is left to be done: "do I need to close"."""
    denied: bool
    """It asks for what is not so: "which are not locked"."""
    plain: bool
    """It asks yes or no of nothing but what it names."""
    between: bool
    """It offers both of two states: "on or off"."""
    lit: bool
    """It asks whether there is light."""


def question(text: str, words: Words) -> Question | None:
    """Read a sentence whose names were taken out; None if it does not ask, or not of now."""
    says = words.says
    text = says["before_never"].sub(" ", text).strip()
    text = says["enters"].sub("is unlocked", text)
    if (topic := says["topic"].match(text)) is not None:
        text = f"{text[topic.end() :]} {topic['topic']}"
    told = says["told"].match(text)
    bare = bool(says["told_as_state"].search(text[: told.end()])) if told else False
    asked = text[told.end() :].strip() if told else text
    if says["never"].search(asked) or (says["orders"].match(asked) and not says["opens"].search(asked)):
        return None
    tagged = says["tag"].search(asked)
    declared = tagged is not None and says["declares"].search(asked) is not None
    between = says["either"].search(asked) is not None
    opened = between or says["opens"].search(asked) is not None
    if not (opened or declared or told or asked.endswith("?")):
        return None
    if declared and not opened and tagged is not None:
        asked = asked[: tagged.start()]
    return Question(
        asked,
        bare or says["how_is"].search(asked) is not None,
        says["acts"].search(asked) is not None,
        says["backwards"].search(asked) is not None,
        says["not"].search(asked) is not None,
        plain=not told,
        between=between,
        lit=says["lit"].search(asked) is not None,
    )
