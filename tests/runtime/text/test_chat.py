"""Chat templates: what they are given, who answers when they fail, and what they cannot do."""

from datetime import UTC, datetime

import pytest

from runtime.errors import BundleError, CallerError
from runtime.text.chat import ChatTemplate
from runtime.text.control import Marker
from tests.support.text import CHATML

NONE = Marker(())
BOS, EOS = "<s>", "</s>"


def turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


USER = turn("user", "Hi")


def rendered(source: str, *turns: dict[str, str]) -> str:
    template = ChatTemplate(source, bos_token=BOS, eos_token=EOS)
    return template.render(turns or (USER,), NONE).text


def test_a_conversation_becomes_one_text() -> None:
    text = rendered(
        CHATML, turn("system", "Be brief."), USER, turn("assistant", "Hello"), turn("user", "Bye")
    )
    assert text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ bos_token }}|{{ eos_token }}", "<s>|</s>"),
        ("{% if tools is none and documents is none and add_generation_prompt %}yes{% endif %}", "yes"),
        ("  {% if true %}\n  a\n  {% endif %}\nb", "  a\nb"),
        ("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "02345678"),
        ("{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "012"),
        ("{{ {'b': '<é&>', 'a': none} | tojson }}", '{"b": "<é&>", "a": null}'),
        ("{{ [1, 2] | tojson(indent=1) }}", "[\n 1,\n 2\n]"),
        ("{% generation %}{{ messages[0].content }}{% endgeneration %}", "Hi"),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "1"),
        ("{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice(messages[0]['content']) }}", "HiHi"),
        ("{{ '-' * 3 }}{{ 3 * 4 }}", "---12"),
        ("{{ messages[0].content | trim | upper }}{{ undefined_word }}", "HI"),
        ("{% set steps_left = 1 %}{% for i in range(3) %}{{ steps_left }}{% endfor %}", "111"),
    ],
)  # fmt: skip
def test_what_hugging_faces_templates_use(source: str, text: str) -> None:
    assert rendered(source) == text


def test_templates_know_the_day() -> None:
    before, after = datetime.now(UTC).astimezone(), datetime.now(UTC).astimezone()
    assert rendered("{{ strftime_now('%Y') }}") in {before.strftime("%Y"), after.strftime("%Y")}


def test_a_template_may_refuse_a_conversation() -> None:
    source = "{% if messages[0].role == 'system' %}{{ raise_exception('No system role.') }}{% endif %}"
    with pytest.raises(CallerError, match=r"refuses these messages: No system role\.") as caught:
        rendered(source, turn("system", "x"))
    assert caught.value.param == "messages"


def test_roles_nobody_has_are_the_callers_mistake() -> None:
    with pytest.raises(CallerError, match="role 'root' is unknown; use assistant, system, tool, user"):
        rendered(CHATML, turn("root", "x"))


def test_a_base_model_takes_plain_prompts() -> None:
    with pytest.raises(CallerError, match=r"base model.*/v1/completions"):
        rendered("")


@pytest.mark.parametrize("source", ["{% for %}", "{{ 'a", "{% break %}", "{% nonsense %}", "{{" + "(" * 5000])
def test_what_is_no_template_is_the_bundles_fault(source: str) -> None:
    with pytest.raises(BundleError, match="not valid Jinja"):
        ChatTemplate(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum.__globals__ }}",
        "{{ messages | map(attribute='__class__') | list }}{{ messages[0].__class__.__base__ }}",
        "{{ ''['__cla' ~ 'ss__']['__ba' ~ 'se__'] }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='system') }}",
        "{{ messages[0].clear() }}",
        "{% include 'secrets' %}",
        "{% import 'os' as os %}",
        "{{ 1 / 0 }}",
        "{{ nothing.here }}",
    ],
)
def test_what_a_template_must_not_do_fails(source: str) -> None:
    with pytest.raises(BundleError, match="template fails"):
        rendered(source)


@pytest.mark.parametrize(
    "source", ["{{ raise_exception.__globals__ }}", "{{ '{0.__class__}'.format(1) }}", "{{ range.__self__ }}"]
)
def test_pythons_internals_look_empty(source: str) -> None:
    assert rendered(source) == ""


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(90000) %}{% for j in range(90000) if false %}{% endfor %}{% endfor %}",
        "{% for i in range(90000000) %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set steps_left = none %}{% for i in range(100000) %}{% for j in [1, 2] %}{% endfor %}{% endfor %}",
        "{% for i in range(90000) %}{{ '-' * 1000 }}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 1000000000 * [1] }}",
        "{{ 10 ** 1000000000 }}",
        "{% set ns = namespace(n=3) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
    ],
)
def test_what_would_not_end_does(source: str) -> None:
    with pytest.raises(BundleError, match="template fails"):
        rendered(source)


def test_each_rendering_has_its_own_budget() -> None:
    template = ChatTemplate("{% for i in range(60000) %}{% endfor %}{{ messages[0].content }}")
    for _ in range(5):
        assert template.render([USER], NONE).text == "Hi"
