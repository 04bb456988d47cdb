"""Devices' templates: what real ones write, and what hostile ones cannot do."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.commands.registry.filters import FILTERS
from runtime.commands.registry.templates import LONGEST, Template
from runtime.errors import DeviceError


@pytest.mark.parametrize(
    ("source", "said", "means"),
    [
        ("{{ value }}", "ON", "ON"),
        ("{{ value_json.state }}", '{"state": "ON"}', "ON"),
        ("{{ value_json['a b'].c[1] }}", '{"a b": {"c": [1, 2]}}', "2"),
        ("{{ value_json.temp | float | round(1) }}", '{"temp": "21.46"}', "21.5"),
        ("{{ (value | int / 10) | round(2) }}", "123", "12.3"),
        ("{{ value | round }}", "2.7", "3"),
        ("{{ value | round(1, 'floor') }}", "2.79", "2.7"),
        ("{{ value | round(0, 'half') }}", "2.3", "2.5"),
        ("{{ value | float(0) }}", "no", "0"),
        ("{{ value | int(-1) }}", "no", "-1"),
        ("{{ value | int }}", "12.9", "12"),
        ("{{ float(value) + 1 }}", "1", "2.0"),
        ("{{ value_json.x | default('none') }}", "{}", "none"),
        ("{{ value_json.x | d(3) + 1 }}", "{}", "4"),
        ("{{ iif(value_json.motion, 'on', 'off') }}", '{"motion": true}', "on"),
        ("{{ value_json.x | iif('a', 'b', 'c') }}", '{"x": null}', "c"),
        ("{{ 'ON' if value_json.power > 5 else 'OFF' }}", '{"power": 7}', "ON"),
        ("{% if value == '1' %}open{% else %}closed{% endif %}", "1", "open"),
        ("{% set map = {'0': 'off', '1': 'on'} %}{{ map[value] if value in map else 'x' }}", "1", "on"),
        ("{% set map = {'0': 'off', '1': 'on'} %}{{ map.get(value, 'x') }}", "7", "x"),
        ("{{ ['low', 'high'][value | int] }}", "1", "high"),
        ("{{ value.split(',')[1].strip() | upper }}", "a, b", "B"),
        ("{{ value | replace('%', '') }}", "50%", "50"),
        ("{{ value[1:3] ~ '/' ~ value | length }}", "abcd", "bc/4"),
        ("{{ (value | from_json).a | to_json }}", '{"a": {"b": [1]}}', '{"b": [1]}'),
        ("{{ {'brightness': value | int, 'on': true} | to_json }}", "5", '{"brightness": 5, "on": true}'),
        ("{{ '%.2f' | format(value | float) }}", "1.005", "1.00"),
        ("{{ '%02d' % (value | int) }}", "7", "07"),
        ("{{ value | multiply(2) | add(1) }}", "3", "7.0"),
        ("{{ value | bool }}", "yes", "True"),
        ("{{ value | bitwise_and(4) }}", "6", "4"),
        ("{{ [1, value | int, 3] | max }}", "9", "9"),
        ("{{ value_json | first }}", "[5, 6]", "5"),
        ("{% for each in value_json %}{{ each }};{% endfor %}", "[1, 2]", "1;2;"),
        (
            "{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
            "",
            "3",
        ),
        ("{{ value_json is defined }}", "not json", "False"),
        ("{{ value is is_number }}", "3", "True"),
        ("{{ value_json.a | join('-') }}", '{"a": [1, 2]}', "1-2"),
        ("{{ value_json.nothing }}", "{}", ""),
        ("plain", "x", "plain"),
    ],
)
def test_real_templates_write_what_home_assistant_does(source: str, said: str, means: str) -> None:
    assert Template(source).value(said) == means


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ value_json.a | is_defined }}", "{}"),
        ("{{ value_json.a.b }}", "{}"),
        ("{{ value | float }}", "no"),
        ("{{ value | int }}", "no"),
        ("{{ value | from_json }}", "{"),
        ("{{ value / 0 }}", "1"),
        ("{{ 1 / 0 }}", ""),
        ("{{ states('light.kitchen') }}", ""),
        ("{{ value | bool }}", "perhaps"),
    ],
)
def test_a_template_that_fails_says_so(source: str, said: str) -> None:
    with pytest.raises(DeviceError, match="template"):
        Template(source).value(said)


HOSTILE = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ value['__class__'] }}{{ (value|attr('__class__')) }}",
    "{{ value.__init__.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ range.__globals__['json'] }}",
    "{{ to_json.__globals__['json'] }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% for i in range(10) recursive %}{{ loop(range(10)) }}{% endfor %}",
    "{% for i in range(1000000000) %}x{% endfor %}",
    "{% for i in range(999) %}{% for j in range(999) %}{% endfor %}{% endfor %}",
    "{% for i in value %}{% for j in value %}{% endfor %}{% endfor %}",
    "{{ 'a' * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ 'x'.zfill(1000000000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%.1000000000f' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ value.translate({}) }}",
    "{{ value.replace('a', value) }}",
    "{{ value | replace('', value) }}",
    "{{ value.join(value) }}",
    "{{ value | join(value) }}",
    "{% set a = 'aaaaaaaaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{% set a = 'aaaaaaaaaaaaaaaa' %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = a + a %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "{% set a = [1] %}" + "{% set a = (a, a) %}" * 40 + "{{ a }}",
    "{% set a = {'x': 1} %}" + "{% set a = {'x': a, 'y': a} %}" * 40 + "{{ a | to_json }}",
    "{% set a = [1] %}{% set b = [1] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40 + "{{ a == b }}",
    "{% set a = 9 %}" + "{% set a = a * a %}" * 40 + "{{ a }}",
    "{{ namespace(**{'a': 1}) }}",
    "{% set x %}{{ value }}{% endset %}",
    "{% call range() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{{ value | regex_replace('(a+)+$', '') }}",
    "{{ value | map('upper') | list }}",
    "{{ loop }}{% for i in [1] %}{{ loop.cycle(1) }}{% endfor %}",
    "{{" + "(" * 1500 + "1" + ")" * 1500 + "}}",
    "{{" + "[" * 1500 + "]" * 1500 + "}}",
    "{{ value ~ value }}",
    "{% for i in range(900) %}{{ value | sort | length }}{% endfor %}",
    "{% for i in range(900) %}{% set x = value.count('a') %}{% endfor %}",
    "{% for i in range(900) %}{% set x = value ~ '' %}{% endfor %}",
    "{% for i in range(900) %}{% set x = value.replace('b', 'c') %}{% endfor %}",
    "{% for i in range(9) %}" + "{{ i }}" * 200 + "{% endfor %}",
    "x" * (LONGEST + 1),
    "{{",
    "{% if %}",
    "{{ value }",
]


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_templates_end_at_once_and_give_nothing(source: str) -> None:
    with pytest.raises(DeviceError) as refused:
        Template(source).value("a" * 16_000)
    assert len(str(refused.value)) < 400


def test_a_message_that_is_too_long_is_not_given_to_a_template() -> None:
    with pytest.raises(DeviceError, match="characters"):
        Template("{{ value | length }}").value("x" * 20_000)
    assert Template("{{ value | length }}").value("x" * 16_000) == "16000"


def test_what_is_harmless_of_an_undefined_name_is_nothing() -> None:
    assert Template("{{ cycler }}{{ config }}{{ self is defined }}").value("") == "True"


def test_every_filter_takes_anything_and_gives_a_device_error_at_worst() -> None:
    for name in FILTERS:
        for said in ("", "x", "1", "[]", "{}", '{"a": [1, "x", null]}', "null"):
            for operand in ("value", "value_json", "nothing"):
                with contextlib.suppress(DeviceError):
                    Template(f"{{{{ {operand} | {name} }}}}").value(said)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "{{",
                    "}}",
                    "{%",
                    "%}",
                    "value",
                    "value_json",
                    ".",
                    "[",
                    "]",
                    "(",
                    ")",
                    "|",
                    "~",
                    "+",
                    "*",
                    "%",
                ),
                *(
                    "'a'",
                    "1",
                    " ",
                    "if",
                    "else",
                    "endif",
                    "for",
                    "in",
                    "endfor",
                    "set",
                    "=",
                    "range",
                    "__class__",
                ),
                *FILTERS,
            ]
        ),
        max_size=14,
    ).map(" ".join),
    st.text(max_size=20),
)
def test_any_text_is_a_template_or_is_refused(source: str, said: str) -> None:
    with contextlib.suppress(DeviceError):
        Template(source).value(said)


def test_templates_of_the_same_text_are_compiled_once() -> None:
    assert Template("{{ value }}")._program is Template("{{ value }}")._program
