"""From messages and tools to a prompt in the model's own words, and to a reader of what it then says.

Knows the chat template, the model's tool dialect and whether it thinks aloud. Does not know token ids but those of
marks, or how an answer is generated.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from runtime.completion.ask import offered
from runtime.completion.values import CompletionRequest, Message
from runtime.errors import CallerError
from runtime.text.chat import ChatTemplate
from runtime.text.constraint import Constraint, JsonSchema
from runtime.text.control import Marker, Rendered
from runtime.text.grammar import Compiler, Grammar
from runtime.text.later import Later
from runtime.text.opened import Opened
from runtime.text.reader import Reader
from runtime.text.thinking import BEGIN, END, SWITCHES, Thinking, ThoughtSplitter, begun
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools.dialect import Dialect, declared
from runtime.text.tools.forced import CallForm
from runtime.text.tools.python_calls import unsayable
from runtime.text.tools.reader import CallReader
from runtime.text.tools.values import Tool


def reserved(dialect: Dialect | None, template: str) -> frozenset[str]:
    """Letters that only the template and the model may write, where the vocabulary has them as a token."""
    thinking = Thinking.of(template)
    marks = dialect.marks | frozenset(dialect.reserved) if dialect else frozenset()
    return marks | (thinking.marks if thinking else frozenset())


class Prompting:
    """The words of one model."""

    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate, dialect: Dialect | None) -> None:
        self._template = template
        self._dialect = dialect
        self._thinking = Thinking.of(template.source)
        self._marker = Marker(tokenizer.control_tokens)
        marks = reserved(dialect, template.source)
        self._tokens = {mark: token for mark in marks if (token := tokenizer.added(mark)) is not None}

    @property
    def chats(self) -> bool:
        """Whether messages become a prompt at all."""
        return bool(self._template.source.strip())

    @property
    def thinks(self) -> Literal["never", "as asked", "always"]:
        """Whether the model thinks aloud before it answers."""
        if self._thinking is None:
            return "never"
        return "as asked" if self._thinking_switch else "always"

    def render(self, request: CompletionRequest) -> Rendered:
        """The prompt that messages become.

        Raises:
            CallerError: the model calls no tools, or not these; the template has no such switch, or refuses.
            BundleError: the chat template fails.
        """
        turns: Sequence[Mapping[str, Any]] = _turns(request.messages)
        tools = [declared(tool) for tool in request.tools]
        if request.tools or any("tool_calls" in turn or turn["role"] == "tool" for turn in turns):
            dialect = self._speaks(request)
            if dialect.tell is not None:
                turns, tools = dialect.tell(turns, request.tools), []
        return self._template.render(turns, self._marker, tools=tools, switches=self._switches(request))

    def reader(self, request: CompletionRequest, prompt: Rendered) -> tuple[Reader, Mapping[int, str]]:
        """A reader of the answer to a prompt, and the tokens that are marks to it.

        Raises:
            CallerError: the parameters of a tool cannot be checked.
        """
        offer = offered(request)
        calls = CallReader(self._dialect, offer) if self._dialect and offer else None
        thoughts = ThoughtSplitter(self._thinking, begun=begun(prompt)) if self._thinking else None
        marks = (self._thinking.marks if self._thinking else frozenset()) | (
            self._dialect.marks if self._dialect and calls else frozenset()
        )
        tokens = {self._tokens[mark]: mark for mark in marks if mark in self._tokens}
        return Reader(marks, tokens.values(), thoughts=thoughts, calls=calls), tokens

    def demanded(self, request: CompletionRequest) -> Constraint | None:
        """What the whole answer, without what is thought before it, has to be; None leaves it free.

        Raises:
            CallerError: this model's calls cannot be forced, or what is demanded leaves no place for them.
        """
        if not request.tools:
            return request.constraint
        if request.must_call:
            wanted = [tool for tool in request.tools if tool.name in request.must_call]
            return self._form(request, wanted, several=False).alone()
        match request.constraint:
            case None:
                return None
            case JsonSchema(text, where):
                form = self._form(request, request.tools, several=request.parallel_calls)
                return form.or_else(text, where)
            case other:
                raise CallerError(
                    f"{other.where} leaves no place for a call of a tool; send one of the two, or a JSON schema",
                    param=other.where,
                )

    def calls_amid(
        self, request: CompletionRequest, prompt: Rendered, compiler: Compiler, ends: Collection[int]
    ) -> Grammar | Later | Opened | None:
        """A form for the calls in an answer that is free otherwise; None where they can only be checked afterwards.

        That is where the tools' schemas say what no grammar can keep.
        """
        if self._dialect is None or not request.tools:
            return None
        form = CallForm.of(self._dialect, request.tools, self._tokens, several=request.parallel_calls)
        if form is None:
            return None
        try:
            compiled = compiler.compile(form.alone() if form.opens is not None else form.amid())
            if form.opens is None:
                return self.behind_thought(compiled, request, prompt, ends)
        except CallerError:
            return None
        thought = (self._tokens.get(BEGIN), self._tokens.get(END)) if self._thinking else (None, None)
        thinks = thought[1] is not None and begun(prompt)
        never = {self._tokens[each.begin] for each in self._dialect.fences if each.begin in self._tokens}
        return Opened(
            compiled, form.opens, form.last, ends, never - {form.opens}, thought=thought, thinks=thinks
        )

    def behind_thought(
        self, grammar: Grammar, request: CompletionRequest, prompt: Rendered, ends: Collection[int]
    ) -> Grammar | Later:
        """What the answer to a prompt has to be: the grammar, or a thought and then the grammar.

        `ends` are the ids that end an answer.

        Raises:
            CallerError: the model thinks first, and the end of its thought is no token.
        """
        opened = begun(prompt)
        if self._thinking is None or (request.thinking is False and not opened):
            return grammar
        opens, closes = self._tokens.get(BEGIN), self._tokens.get(END)
        if closes is not None and (opened or opens is not None):
            return Later(grammar, opens=None if opened else opens, closes=closes, ends=ends)
        if opened:
            raise CallerError(
                "this model thinks before it answers, in words that cannot be told from an answer's; "
                "send enable_thinking false, or no response_format",
                param="response_format",
            )
        return grammar

    def _form(self, request: CompletionRequest, tools: Sequence[Tool], *, several: bool) -> CallForm:
        form = CallForm.of(self._speaks(request), tools, self._tokens, several=several)
        if form is None:
            raise CallerError(
                "this model writes calls in Python, and the parameters of these tools are more than names with "
                'values, so a call cannot be forced; simplify them, or send tool_choice "auto" and no form',
                param="tools",
            )
        return form

    def _speaks(self, request: CompletionRequest) -> Dialect:
        """The dialect, if tools can be offered in it.

        Raises:
            CallerError: they cannot.
        """
        param = "tools" if request.tools else "messages"
        if self._dialect is None:
            raise CallerError(
                "this model calls no tools (`ingle show` says so of each model); "
                "leave tools and their results out, or serve a model with a tool dialect",
                param=param,
            )
        if self._dialect.tell is None and not self._template.takes_tools:
            raise CallerError(
                "this model's chat template shows it no tools; leave them out, or pull the model again",
                param=param,
            )
        if self._dialect.pythonic:
            for index, tool in enumerate(request.tools):
                if (name := unsayable(tool)) is not None:
                    raise CallerError(
                        f"this model writes calls in Python, which has no name such as {name[:64]!r}; "
                        "use letters, digits and underscores",
                        param=f"tools[{index}].function",
                    )
        return self._dialect

    def _switches(self, request: CompletionRequest) -> dict[str, bool | int | str]:
        switches = dict(request.template_switches)
        known = sorted(self._template.switches)
        for name in switches:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
                raise CallerError(
                    f"the model's chat template has no switch {name[:64]!r}; {hint}",
                    param="chat_template_kwargs",
                )
        if request.thinking is not None:
            self._switch_thinking(switches, on=request.thinking)
        return switches

    @property
    def _thinking_switch(self) -> str | None:
        return next((name for name in SWITCHES if name in self._template.switches), None)

    def _switch_thinking(self, switches: dict[str, bool | int | str], *, on: bool) -> None:
        if (switch := self._thinking_switch) is not None:
            if switches.setdefault(switch, on) is not on:
                raise CallerError(
                    f"enable_thinking and chat_template_kwargs.{switch} differ; send one of them",
                    param="enable_thinking",
                )
        elif on != (self._thinking is not None):
            always = "thinks before every answer" if self._thinking else "does not think before it answers"
            raise CallerError(f"this model {always}; leave enable_thinking out", param="enable_thinking")


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as chat templates take them; https://huggingface.co/docs/transformers/chat_extras."""
    names: dict[str, str] = {}
    turns = []
    for message in messages:
        turn: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.reasoning:
            turn |= dict.fromkeys(
                ("reasoning_content", "thinking"), message.reasoning
            )  # Qwen3's name, LFM2.5's
        if message.tool_calls:
            names |= {call.id: call.name for call in message.tool_calls}
            turn["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": dict(call.arguments)},
                }
                for call in message.tool_calls
            ]
        if message.role == "tool":
            turn |= {"tool_call_id": message.tool_call_id, "name": names.get(message.tool_call_id, "")}
        turns.append(turn)
    return turns
