"""Whatever is said can be sent."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from runtime.mqtt.results import encoded

texts = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=8)


@given(texts)
@example("\ud800")
def test_half_a_surrogate_pair_becomes_a_question_mark_and_all_else_stays(text: str) -> None:
    kept = "".join("?" if "\ud800" <= each <= "\udfff" else each for each in text)
    assert json.loads(encoded({text: text}).decode()) == {kept: kept}
