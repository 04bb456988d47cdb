"""Home Assistant's templates as discovery messages use them: what a device said as a value, a value as it wants it.

Whoever can announce a device writes them, so less is trusted here than in the chat template of a model that the owner
chose. On top of the sandbox's steps, a template is short, knows only the constructions, filters and methods listed
here, and no text or list of its making grows past a bound: each way to make a larger one of a smaller one counts
before it makes it. Knows nothing of other entities: `states()` and its like are not there.
"""

import operator
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from models.sandbox import NOT_JINJA, Sandbox, steps_of
from runtime.commands.registry import filters
from runtime.errors import CallerError, DeviceError
from runtime.strict_json import parse

LONGEST: Final = 4096
"""Characters of a template."""
ROOM: Final = 16384
"""Characters that it may be given, and may write."""
_STEPS: Final = 1000
_BODY: Final = 100
"""Nodes of a loop's body."""
_DEPTH: Final = 16
_KEPT: Final = 512
"""Compiled ones: a house of the same lamps has few different ones."""
_PLAIN: Final = ("{{", "{%", "{#")

_NODES: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.ExprStmt),
    *(nodes.Name, nodes.NSRef, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword),
    *(nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getitem, nodes.Getattr, nodes.Slice),
    *(nodes.Concat, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod),
)
"""What a template may be made of. Not: macros, blocks, inclusion, loops that call themselves."""


class Template:
    """One template; compiled once for all that have the same text."""

    __slots__ = ("_program", "source")

    def __init__(self, source: str) -> None:
        """Compile.

        Raises:
            DeviceError: too long, no template, or of what is not allowed.
        """
        if len(source) > LONGEST:
            raise DeviceError(f"a template has {len(source)} characters; shorten it to {LONGEST}")
        self.source = source
        self._program = None if not any(mark in source for mark in _PLAIN) else _compiled(source)

    def value(self, said: str) -> str:
        """What `said` means: `value` is the text, and `value_json` what it spells, where it spells something.

        Raises:
            DeviceError: it is too long, or the template fails on it.
        """
        if len(said) > ROOM:
            raise DeviceError(f"it says {len(said)} characters; a template is given {ROOM} at most")
        values: dict[str, object] = {"value": said}
        with suppress(CallerError):  # as Home Assistant: the template then has `value` alone
            values["value_json"] = parse(said.encode(errors="replace"), depth=_DEPTH)
        return self.command(values)

    def command(self, values: Mapping[str, object]) -> str:
        """The template, written with these values.

        Raises:
            DeviceError: it fails, does not end, or writes too much.
        """
        if self._program is None:  # a text without marks is what it says
            return self.source
        try:
            return Sandbox.render(self._program, values, ROOM, _STEPS)
        except Exception as exc:  # a stranger's program may raise anything
            fault = " ".join(str(exc).split())[:120] or type(exc).__name__
            raise DeviceError(
                f"its template {self.source[:60]!r} fails ({fault}); correct the template"
            ) from exc


class _Fence(Sandbox):
    """The environment that all devices' templates share."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self) -> None:
        super().__init__()
        self.trim_blocks = self.lstrip_blocks = False
        self.optimized = (
            False  # else what is constant would be computed while compiling, which counts no steps
        )
        self.finalize = filters.shown
        self.filters = {name: _counted(each) for name, each in filters.FILTERS.items()}
        self.tests = {name: self.tests[name] for name in filters.TESTS} | dict(filters.MORE_TESTS)
        self.globals = {"range": self.globals["range"], "namespace": self.globals["namespace"]}
        self.globals |= filters.FUNCTIONS

    def parse(self, source: str, name: str | None = None, filename: str | None = None) -> nodes.Template:
        """The template, of nothing but what is known here.

        Raises:
            SecurityError: of something else.
        """
        tree = super().parse(source, name, filename)
        _check(tree)
        _Rewrite().visit(tree)
        return tree

    def wrap_str_format(self, value: Any) -> None:
        """Leave str.format to `call`, which does not know it."""

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063  the base's names
        """Call what is listed, where a text may grow through our own hands."""
        owner = getattr(__obj, "__self__", None)
        if owner is not None and not isinstance(owner, ModuleType):
            __obj = filters.method(owner, __obj.__name__)
        steps_of(__context).spend(filters.weight(owner, *args))
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator_: str, left: Any, right: Any) -> Any:
        """Compute what stays small."""
        match operator_:
            case "+" if not isinstance(left, int | float):
                return filters.held(operator.add(left, right))  # both were held, so this is twice that
            case "+":
                return operator.add(left, right)
            case "%" if isinstance(left, str):
                return filters.printed(left, *(right if isinstance(right, tuple) else (right,)))
            case "%":
                return operator.mod(left, right)
            case _:
                return filters.held(super().call_binop(context, operator_, left, right))

    concat = staticmethod(filters.concat)
    item = staticmethod(filters.item)


def _counted(kept: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that spends steps: Jinja counts none for it."""

    @jinja2.pass_context
    def spending(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        steps_of(context).spend(filters.weight(value, *args, *kwargs.values()))
        return kept(value, *args, **kwargs)

    return spending


class _Rewrite(NodeTransformer):
    """Let what makes texts and lists pass through functions that hold them to a bound."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  the visitor's
        self.generic_visit(node)
        return nodes.Call(nodes.EnvironmentAttribute("concat"), node.nodes, [], None, None)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802  the visitor's
        node.items = [self._item(each) for each in node.items]
        return node

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802  the visitor's
        if node.ctx == "load":
            node.items = [self._item(each) for each in node.items]
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802  the visitor's
        node.value = self._item(node.value)
        return node

    def _item(self, node: nodes.Expr) -> nodes.Expr:
        """What stands in a list: a list written there, or something that is none when the template runs."""
        within: nodes.Expr = self.visit(node)
        if isinstance(node, nodes.Literal):
            return within
        return nodes.Call(nodes.EnvironmentAttribute("item"), [within], [], None, None)


_FENCE: Final = _Fence()


@lru_cache(maxsize=_KEPT)
def _compiled(source: str) -> jinja2.Template:
    try:
        return _FENCE.program(source)
    except (*NOT_JINJA, SecurityError, MemoryError) as exc:  # the compiler runs out of stack by MemoryError
        fault = " ".join(str(exc).split())[:120] or type(exc).__name__
        raise DeviceError(
            f"its template {source[:60]!r} cannot be used ({fault}); correct the template"
        ) from exc


def _check(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _NODES):
            raise SecurityError(f"{type(node).__name__.lower()} is not known here")
        if isinstance(node, nodes.For):
            if node.recursive:
                raise SecurityError("a loop that calls itself is not known here")
            if sum(1 for _ in node.find_all(nodes.Node)) > _BODY:
                raise SecurityError("a loop does too much in a turn")
        if isinstance(node, nodes.Call) and (node.dyn_args or node.dyn_kwargs):
            raise SecurityError("a call with * is not known here")
