import pytest

from models.errors import ChatTemplateError
from models.template import try_template
from tests.support.text import CHATML


@pytest.mark.parametrize(
    "source",
    ["", "  ", CHATML, "{{ raise_exception('roles must alternate') }}", "{{ bos_token }}{{ nothing }}"],
)
def test_a_template_that_works_or_refuses_is_taken(source: str) -> None:
    try_template(source, "m")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% for %}", "is not valid Jinja"),
        ("{{ 'a", "is not valid Jinja"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "to an end"),
        ("{% for i in range(90000) %}{{ '-' * 1000 }}{% endfor %}", "to an end"),
        ("{% include 'secrets' %}", "fails"),
        ("{{ messages[0].content.nothing.here }}", "fails"),
    ],
)
def test_a_template_that_would_fail_each_time_is_refused_by_name(source: str, said: str) -> None:
    with pytest.raises(
        ChatTemplateError, match=rf"(?s)chat template of my-model .*{said}.*choose another model"
    ):
        try_template(source, "my-model")
