"""From messages to text: the one place where the engine's token ids meet the tokenizer and the chat template.

Knows no wire format: the HTTP, MQTT and console front ends each translate to and from the values named here.
"""

from runtime.completion.completer import Completer
from runtime.completion.several import complete_all, total
from runtime.completion.values import (
    Called,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    Message,
    Option,
    Progress,
    Role,
    Said,
    SamplingOptions,
    Thought,
)
from runtime.completion.wording import Wording
from runtime.engine.request import Priority
from runtime.text.constraint import Choice, Constraint, JsonSchema, Lark, Regex
from runtime.text.tools.values import Tool, ToolCall

__all__ = [
    "Called",
    "Choice",
    "Completer",
    "CompletionEvent",
    "CompletionRequest",
    "Constraint",
    "Delta",
    "Finished",
    "JsonSchema",
    "Lark",
    "Message",
    "Option",
    "Priority",
    "Progress",
    "Regex",
    "Role",
    "Said",
    "SamplingOptions",
    "Thought",
    "Tool",
    "ToolCall",
    "Wording",
    "complete_all",
    "total",
]
