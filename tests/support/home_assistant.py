"""What Home Assistant's Ollama integration sends, and what it does with the answers.

After homeassistant/helpers/llm.py, components/conversation/chat_log.py and components/ollama/entity.py of 2024.8 to
2026.11: the system prompt with the time in it and the entities, the tools as its `ollama` client writes them, results
of tools without the name or the id of the call they answer, histories cut off at the front.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

TEMPLATE: Final = (
    "{% if tools %}<|im_start|>system\n{{ messages[0].content }}{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for m in messages %}{% if not (loop.first and tools) %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}"
    "<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""ChatML that shows tools, and calls as Hermes writes them."""

INSTRUCTIONS: Final = (
    "You are a voice assistant for Home Assistant.\n"
    "Answer questions about the world truthfully.\n"
    "Answer in plain text. Keep it simple and to the point."
)
_USAGE: Final = (
    "When controlling Home Assistant always call the intent tools. Use HassTurnOn to lock and HassTurnOff to unlock a "
    "lock. When controlling a device, prefer passing just name and domain. When controlling an area, prefer passing "
    "just area name and domain.\n"
    "When a user asks to turn on all devices of a specific type, ask user to specify an area, unless there is only one "
    "device of that type.\n"
    "This device is not able to start timers.\n"
    "Static Context: An overview of the areas and the devices in this smart home:"
)
_ROOMS: Final = ("Kitchen", "Living Room", "Bedroom", "Bathroom", "Hallway")
_KINDS: Final = (
    ("Lamp", "light"),
    ("Blind", "cover"),
    ("Thermostat", "climate"),
    ("Window", "binary_sensor"),
    ("Speaker", "media_player"),
)


def entities() -> str:
    """25 of them, as YAML."""
    rows = sorted((f"{room} {kind}", domain, room) for room in _ROOMS for kind, domain in _KINDS)
    return "".join(f"- names: {name}\n  domain: {domain}\n  areas: {room}\n" for name, domain, room in rows)


def tools(*, clock: bool) -> list[dict[str, Any]]:
    """The Assist API's, for what is exposed: its client leaves of each field only what it knows.

    `clock`: with one that tells the time.
    """
    time = [_tool("GetDateTime", "Provides the current date and time.", {})] if clock else []
    text, several = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    where = {"name": text, "area": text, "floor": text, "domain": several, "device_class": several}
    light = {**where, "color": text, "temperature": {"type": "integer"}, "brightness": {"type": "integer"}}
    return [
        _tool("HassTurnOn", "Turns on/opens/presses a device or entity.", where),
        _tool("HassTurnOff", "Turns off/closes a device or entity.", where),
        _tool("HassCancelAllTimers", "Cancels all timers", {"area": text}),
        _tool("HassLightSet", "Sets the brightness percentage or color of a light", light),
        _tool(
            "HassClimateSetTemperature",
            "Sets the target temperature of a climate device or entity",
            {"temperature": {"type": "number"}, "name": text, "area": text, "floor": text},
            ["temperature"],
        ),
        _tool("HassMediaPause", "Pauses a media player", where),
        _tool(
            "HassSetPosition", "Sets the position", {**where, "position": {"type": "integer"}}, ["position"]
        ),
        *time,
        _tool("GetLiveContext", "Provides real-time information about the CURRENT state of devices.", {}),
    ]


def _tool(
    name: str, description: str, properties: dict[str, Any], required: list[str] | None = None
) -> dict[str, Any]:
    parameters = {"type": "object", "required": required or [], "properties": properties}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


Version = Literal["2024.8", "2025.9", "2026.11"]


@dataclass
class Assist:
    """One conversation. Where the time stands in the system prompt hangs on the version.

    2024.8: in front. 2025.9: at the end, as it is today wherever none of the tools tells the time. 2026.11: nowhere,
    since one of Assist's own tools does.
    """

    model: str
    version: Version = "2024.8"
    history: int = 20
    """Rounds that are sent again."""
    now: datetime = datetime(2026, 11, 23, 7, 30, 0, tzinfo=UTC)
    content: list[dict[str, Any]] = field(default_factory=list)
    """All that was said."""
    done: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The calls that were carried out."""
    _sent: list[dict[str, Any]] = field(default_factory=list)
    """What of it is sent in this round."""

    def hears(self, words: str, *, after_s: float = 45) -> None:
        """A person says something, a while after the last time."""
        self.now += timedelta(seconds=after_s)
        time = f"Current time is {self.now:%H:%M:%S}. Today's date is {self.now:%Y-%m-%d}."
        rest = [INSTRUCTIONS, _USAGE, entities()]
        placed = {"2024.8": [time, *rest], "2025.9": [*rest, time], "2026.11": rest}
        prompt = "\n".join(placed[self.version])
        self.content.append({"role": "user", "content": words})
        self._sent = [{"role": "system", "content": prompt}, *self.content]
        if sum(each["role"] == "user" for each in self._sent) - 1 >= self.history:
            self._sent[1:] = self._sent[-(2 * self.history + 1) :]

    def request(self) -> dict[str, Any]:
        """The body of POST /api/chat."""
        return {
            "model": self.model,
            "stream": True,
            "options": {"num_ctx": 8192},
            "messages": self._sent,
            "tools": tools(clock=self.version == "2026.11"),
            "keep_alive": -1,
            "think": False,
        }

    def take(self, lines: Iterator[dict[str, Any]], run: Callable[[str, dict[str, Any]], str]) -> bool:
        """Take an answer; carry out its calls. False where the round is over."""
        text, calls = "", list[dict[str, Any]]()
        for line in lines:
            message = line["message"]
            text += message.get("content") or ""
            calls += message.get("tool_calls") or ()
        said: dict[str, Any] = {"role": "assistant", "content": text}
        asked = [
            {"function": {key: call["function"][key] for key in ("name", "arguments")}} for call in calls
        ]
        self._add(said | ({"tool_calls": asked} if asked else {}))
        for call in asked:
            name, arguments = call["function"]["name"], call["function"]["arguments"]
            self.done.append((name, arguments))
            self._add({"role": "tool", "content": run(name, arguments)})
        return bool(asked)

    def _add(self, message: dict[str, Any]) -> None:
        self.content.append(message)
        self._sent.append(message)
