"""Every setting there is, its type, its range and its default. Values only; `runtime.config.load` reads them.

A secret is never a setting: a setting names the file it is in.
"""

import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from models.licences.policy import Policy
from runtime.config.rules import Between, BrokerUrl, Matches, NoneOf, Positive
from runtime.limits import ClientLimits, Limits

_TOPIC_LEVEL = Matches(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, hyphens or underscores")
_TAKEN = ("any", "devices")
"""ingle/any/command is of no appliance in particular, and devices announce themselves below ingle/devices."""
_TOPIC_FILTER = Matches(
    r"(?:(?:\+|[^+#/\0]*)/)*(?:\+|#|[^+#/\0]*)", "a topic, with + for any level and # for those that follow"
)

_SOUND_DEVICE = Matches(
    r"[^\s-]\S*", "a device that `arecord -L` or `aplay -L` shows, such as plughw:CARD=Mic"
)
_LANGUAGE = Matches(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", "a language, such as en or zh-TW")


def _host_node() -> str:
    """This machine's name, as one level of an MQTT topic."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname().partition(".")[0]).strip("-")
    return f"{name}-host" if name in _TAKEN else name[:64] or "inglenook"


@dataclass(frozen=True, slots=True)
class Server:
    """The HTTP listener."""

    host: Annotated[str, Matches(r"\S+", "an address or a host name")] = "127.0.0.1"
    port: Annotated[int, Between(0, 65535)] = 8080
    """0 lets the operating system choose."""
    allowed_hosts: tuple[str, ...] = ()
    """Names a browser may call this appliance by, besides its addresses and its own host name."""
    key_file: Path | None = None
    """The owner's key, which callers from other machines must show; None: made at first boot in the state directory."""
    require_key: bool = False
    """Whether programs of this machine must show a key, too."""
    tls: bool = False
    tls_cert_file: Path | None = None
    """The certificate that callers are shown, with those between it and its authority; None: one of our own."""
    tls_key_file: Path | None = None
    """Its key; None: it is in the same file."""


@dataclass(frozen=True, slots=True)
class Model:
    """Which bundle is served."""

    name: Annotated[str, Matches(r"\S+", "the name of a model that `ingle list` shows")] = "smollm2-135m"
    keep_alive_s: Annotated[float, Between(0, 31_536_000)] = 300.0
    """How long another model stays in memory after it was last used, where who asks does not say."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How inference uses the machine."""

    threads: Annotated[int, Between(1, 1024)] | None = None
    """None: chosen from the physical cores."""
    prefix_files: bool = True
    """Whether what system prompts and tools leave in the cache is kept on disk for the next start."""
    guess_ahead: bool = True
    """Whether tokens that may well follow are run along, and kept where the model says the same."""
    move_times: bool = True
    """Whether a sentence in a system prompt that tells the time moves to the turn that it was told with."""


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The broker that messages come from."""

    broker: Annotated[str, BrokerUrl()] | None = None
    """None: a broker of our own on loopback, if `embedded`."""
    embedded: bool = True
    embedded_port: Annotated[int, Between(0, 65535)] = 1883
    """0 lets the operating system choose."""
    node: Annotated[str, _TOPIC_LEVEL, NoneOf(_TAKEN, "it has a meaning of its own in topics")] = field(
        default_factory=_host_node
    )
    """The second level of every topic: ingle/<node>/..."""
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    """Certificates that a mqtts:// broker is checked against; None: those of the operating system."""
    cert_file: Path | None = None
    """What shows a mqtts:// broker who we are."""
    key_file: Path | None = None
    """The key of that certificate; None: it is in the same file."""
    group: Annotated[str, _TOPIC_LEVEL] | None = None
    """Appliances of one group share what comes on ingle/any/command; None: this one takes no part."""
    reply_topics: tuple[Annotated[str, _TOPIC_FILTER], ...] = ()
    """Where senders may have results sent, %c being their name; none: wherever nothing acts on them."""
    discovery_prefix: Annotated[str, _TOPIC_FILTER] = "homeassistant"
    """The first level of Home Assistant's discovery."""
    announce: bool | None = None
    """Whether this appliance shows itself in Home Assistant; None: with a broker that the owner named."""
    hermes: bool = False
    """Whether hermes/nlu/query is answered, and hermes/asr/textCaptured carried out."""

    @property
    def announces(self) -> bool:
        """Whether Home Assistant is told of this appliance and its boards."""
        return self.broker is not None if self.announce is None else self.announce


@dataclass(frozen=True, slots=True)
class Commands:
    """Plain words to devices."""

    enabled: bool = True
    folder: Path | None = None
    """Where house.toml, sentences.toml, policy.toml and boards.toml are, each if wanted; None: `house` in the state
    directory."""
    languages: tuple[Annotated[str, _LANGUAGE], ...] = ("en",)
    """Those that are understood; the first is the one that a sentence without a language is taken for."""
    encoder: Annotated[str, Matches(r"\S+", "the name of a model that `ingle list` shows")] = (
        "all-minilm-l6-v2"
    )
    """What tells sentences of like meaning; without it on this machine, words alone do."""
    answers: bool = False
    """Whether the model says something to what is no command, unless the sender says otherwise."""
    expiry_s: Annotated[float, Between(1, 86400)] = 30.0
    """How old a command may be when it is begun, where its sender does not say."""
    confirm_s: Annotated[float, Between(1, 3600)] = 30.0
    """How long a question whether something dangerous is meant waits for its answer."""
    state_wait_s: Annotated[float, Between(0, 60)] = 1.0
    """How long a device that tells its state has, to say that it did what it was told."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Speech in, speech out."""

    enabled: bool = False
    """Whether the appliance hears and speaks at all."""
    recognizer: Annotated[str, Matches(r"\S+", "the name of a model that `ingle list` shows")] = (
        "whisper-tiny.en"
    )
    """What writes down speech; without it on this machine, nothing listens."""
    speaker: Annotated[str, Matches(r"\S+", "a voice that `ingle say --list-voices` shows")] | None = None
    """The voice that speaks; None: the best there is for the first of the languages of commands."""
    folder: Path | None = None
    """Where Piper's voices are, each as NAME.onnx and NAME.onnx.json; None: `voices` in the state directory."""
    microphone: Annotated[str, _SOUND_DEVICE] | None = None
    """What the room is heard with, by ALSA's name for it; None: nothing listens to the room."""
    loudspeaker: Annotated[str, _SOUND_DEVICE] | None = None
    """What answers are heard from, likewise; None: ALSA's default."""
    wake_words: tuple[
        Annotated[str, Matches(r"[\w.-]+", "the name of a wake word, such as okay_nabu")], ...
    ] = ("okay_nabu",)
    """What the room says before it is listened to."""
    wake_threshold: Annotated[float, Between(0, 1)] | None = None
    """How sure of it to be; None: as its maker says."""
    speech_threshold: Annotated[float, Between(0, 1)] = 0.5
    """How likely it has to be that somebody speaks, for it to count as speech."""
    pause_s: Annotated[float, Between(0, 10)] = 0.5
    """How long a silence ends what somebody says; after half a sentence it is longer by itself."""
    longest_s: Annotated[float, Between(1, 60)] = 15.0
    """What somebody says in the room is over by then, silence or not."""
    wyoming: bool = False
    """Whether Home Assistant may hear, understand and speak by way of this appliance."""
    wyoming_host: Annotated[str, Matches(r"\S+", "an address or a host name")] = "127.0.0.1"
    """The address to listen on for that; Wyoming knows no keys."""
    wyoming_port: Annotated[int, Between(0, 65535)] = 10300
    """0 lets the operating system choose."""
    satellite: bool = False
    """Whether what the room says goes to Home Assistant, instead of being answered here."""
    satellite_port: Annotated[int, Between(0, 65535)] = 10700
    """Where Home Assistant asks for the room, at `wyoming_host`; 0 lets the operating system choose."""
    zeroconf: bool = True
    """Whether Home Assistant finds both by itself, where they listen on a network at all."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """Microcontrollers on a line."""

    boards: tuple[
        Annotated[str, Matches(r"\S+", "a port that `ingle bridge list` shows, or socket://HOST:PORT")], ...
    ] = ()
    """Where boards are: serial ports by the names that stay theirs, or sockets."""
    find: bool = True
    """Whether ports of boards made to be programmed are opened without being named."""
    answer_s: Annotated[float, Between(0.5, 60)] = 5.0
    """How long a board has to do what it is told, a lost link and all."""


@dataclass(frozen=True, slots=True)
class Logging:
    """What is written to standard error (the journal, under systemd)."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    audit: Literal["file", "journal", "off"] = "file"
    """Where one line a request goes: who asked for what, when, and what came of it."""
    audit_bytes: Annotated[int, Between(1 << 16, 1 << 40)] = 16 << 20
    """Most that the file, and the one before it, take together."""
    audit_prompts: bool = False
    """Whether those lines have what was asked."""


@dataclass(frozen=True, slots=True)
class Config:
    """All of it."""

    server: Server = Server()
    model: Model = Model()
    engine: EngineSettings = EngineSettings()
    mqtt: Mqtt = field(default_factory=Mqtt)
    commands: Commands = Commands()
    voice: Voice = Voice()
    bridge: Bridge = Bridge()
    limits: Annotated[Limits, Positive()] = field(default_factory=Limits)
    clients: Annotated[ClientLimits, Between(0, 1 << 31)] = field(default_factory=ClientLimits)
    policy: Policy = field(default_factory=Policy)
    """What the owner states and refuses about licences; held to by pulling and by serving."""
    logging: Logging = Logging()


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker listens."""

    host: str
    port: int
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> Self:
        """From a URL that `BrokerUrl` let pass."""
        parts = urlsplit(url)
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname or "", parts.port or (8883 if tls else 1883), tls)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"
