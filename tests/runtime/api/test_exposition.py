import re

from hypothesis import given
from hypothesis import strategies as st

from runtime.api.exposition import Metric, render

LINE = re.compile(r'(\w+)\{model="((?:[^"\\\n]|\\\\|\\"|\\n)*)"\} (\S+)')
UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def test_a_metric_with_and_one_without_labels() -> None:
    text = render(
        [
            Metric("up", "gauge", "Is it.", (((), 1),)),
            Metric("asked_total", "counter", "How often.", (((("route", "/a"), ("status", "200")), 3),)),
            Metric("nothing_yet", "gauge", "No samples.", ()),
        ]
    )
    assert text == (
        "# HELP up Is it.\n# TYPE up gauge\nup 1\n"
        '# HELP asked_total How often.\n# TYPE asked_total counter\nasked_total{route="/a",status="200"} 3\n'
        "# HELP nothing_yet No samples.\n# TYPE nothing_yet gauge\n"
    )


@given(st.text(), st.floats(allow_nan=False))
def test_any_label_and_value_can_be_read_back(label: str, value: float) -> None:
    lines = render([Metric("m", "gauge", "h", (((("model", label),), value),))]).split("\n")
    assert len(lines) == 4
    match = LINE.fullmatch(lines[2])
    assert match is not None
    assert re.sub(r"\\.", lambda found: UNESCAPED[found[0]], match[2]) == label
    assert float(match[3]) == value
