"""Where chat templates run: Jinja as Hugging Face's templates expect it, fenced in.

A template is a program that came with a model. It cannot reach Python's internals or change what it is given (Jinja's
sandbox), and it spends a step for every call, every turn of a loop and every number of a range, of which it has a
fixed number; what it writes is bounded too. Not bounded is what one operation may cost, other than by multiplication: a
template is trusted as far as the bundle it came in. Knows nothing of conversations: who pulls a model
(`models.template`) and who serves it (`runtime.text.chat`) render here alike.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

STEPS: Final = 200_000
"""Enough for two nested loops over 256 messages with room to spare; spent within a second."""

NOT_JINJA: Final = (TemplateSyntaxError, SyntaxError, RecursionError)
"""What compiling raises for a text that is no template."""
_PRODUCT: Final = 1 << 20
"""Largest length, and largest number of bits, that a multiplication may give."""

_BUDGET: Final = "steps_left"


class RefusalError(TemplateError):
    """The template called raise_exception: it does not want these messages."""


class Steps:
    """What one rendering may still spend."""

    def __init__(self, left: int = STEPS) -> None:
        self._left = left

    def spend(self, count: int = 1) -> None:
        """Take steps away.

        Raises:
            SecurityError: there are not so many left.
        """
        self._left -= count
        if self._left < 0:
            raise SecurityError("it does not come to an end")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment all chat templates share; what belongs to one rendering is in its context."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation])
        del self.globals["lipsum"]
        self.globals.update(range=_range, raise_exception=_raise_exception, strftime_now=_strftime_now)
        self.filters["tojson"] = _tojson

    def program(self, source: str) -> Template:
        """Compile a template that spends a step in each turn of a loop; run it with `render`.

        Raises:
            TemplateSyntaxError, SyntaxError, RecursionError: it is no template (`NOT_JINJA`).
        """
        tree = self.parse(source)
        for loop in list(tree.find_all(nodes.For)):
            turn = nodes.Call(nodes.EnvironmentAttribute("turn"), [], [], None, None)
            loop.body.insert(0, nodes.ExprStmt(turn))
        tree.set_environment(self)
        return Template.from_code(self, self.compile(tree), self.make_globals(None))

    @staticmethod
    def render(program: Template, values: Mapping[str, object], room: int, steps: int = STEPS) -> str:
        """Run a `program` with these values and a budget of `steps`; it may write at most `room` characters.

        Raises:
            RefusalError: the template does not want these values.
            Exception: it fails, does not end, or reaches for what it must not have. It is a program of its own, and
                may raise anything.
        """
        return "".join(_bounded(program.generate({**values, _BUDGET: Steps(steps)}), room))

    @staticmethod
    def turn() -> None:
        """Happen once in each turn of a loop: `call` counts it."""

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063  the base's names: a template's own arguments may be called anything
        """Count a call, then make it if it is safe."""
        steps_of(__context).spend()
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply what stays small."""
        if operator == "**" or _product(left, right) > _PRODUCT:
            raise SecurityError(f"it computes {operator!r} of something large")
        return super().call_binop(context, operator, left, right)


class _Generation(Extension):
    """`{% generation %}` marks what an assistant said, for training; here it is what stands inside."""

    tags = {"generation"}  # noqa: RUF012  the base's type

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _bounded(parts: Iterable[str], room: int) -> Iterator[str]:
    """The parts, as long as they are short together."""
    for part in parts:
        room -= len(part)
        if room < 0:
            raise SecurityError("it does not come to an end")
        yield part


def steps_of(context: Context) -> Steps:
    """What the rendering that a function was called in may still spend.

    Raises:
        SecurityError: it was rendered without a budget.
    """
    steps = context.parent[_BUDGET]  # not `context[...]`, which a template can set
    if not isinstance(steps, Steps):
        raise SecurityError("it was rendered without a budget")
    return steps


def _product(left: Any, right: Any) -> int:
    """Length or bits of left * right, at most."""
    sizes = [value.bit_length() if isinstance(value, int) else 64 for value in (left, right)]
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | bytes | list | tuple) and isinstance(other, int):
            return len(one) * other
    return sum(sizes)


@pass_context
def _range(context: Context, *bounds: int) -> range:
    numbers = range(*bounds)
    steps_of(context).spend(len(numbers))
    return numbers


def _raise_exception(message: object) -> NoReturn:
    raise RefusalError(str(message))


def _strftime_now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)


def _tojson(
    value: object,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002  templates pass it by position or name
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002  as above
) -> str:
    """JSON as it is: Jinja's own filter escapes for HTML."""
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
