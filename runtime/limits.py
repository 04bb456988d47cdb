"""Every bound on what a peer may make us hold, compute or wait for. Checked before waiting or allocating."""

from dataclasses import dataclass
from typing import Final

COMMAND_LETTERS: Final = 400
"""Longest sentence that any way of understanding reads; a longer one is no command, and slow to find to be none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """One place for all bounds; a field of the configuration, so that an owner can move each."""

    request_bytes: int = 1 << 20
    """Largest HTTP body or MQTT payload."""
    json_depth: int = 32
    """Deepest nesting of a JSON body."""
    idle_seconds: float = 60.0
    """How long a connection may stay open without a whole request head."""
    body_seconds: float = 30.0
    """How long a client may take to send its body."""
    stall_seconds: float = 30.0
    """How long a client may leave a streamed answer unread before it counts as gone."""
    messages: int = 256
    """Most messages in one chat request."""
    tools: int = 64
    """Most tools in one chat request."""
    texts: int = 256
    """Most texts in one request for their vectors."""
    text_tokens: int = 65536
    """Most tokens of all of them."""
    answers: int = 8
    """Most answers to one request, to all of its prompts together."""
    audio_bytes: int = 32 << 20
    """Largest recording that is sent to be written down."""
    completion_tokens: int = 1024
    """Answer length when the caller names none (never past the context)."""
    stop_strings: int = 16
    stop_string_bytes: int = 256
    grammar_bytes: int = 1 << 16
    """Largest JSON schema, pattern, grammar or list of choices that an answer is held to."""
    choices: int = 1000
    """Most texts to choose among."""
    forced_letters: int = 4096
    """Longest text that a pattern, or a schema's least answer, may leave no choice in."""
    grammars: int = 32
    """Compiled ones that are kept, to be used again."""
    queue_depth: int = 16
    """Requests waiting behind those that run; one more is told to come back."""
    commands_waiting: int = 2048
    """Commands that wait to be written down; one more is told to come back."""
    commands_open: int = 512
    """Commands that were taken and have no result yet; one more is told to come back."""
    commands_planned: int = 1000
    """Commands that wait for their time; one more is refused."""
    command_letters: int = COMMAND_LETTERS
    """Longest sentence that is taken for a command; past the default it is taken, and answered that it is too long."""
    request_seconds: float = 600.0
    """From submission to the last token."""
    prefill_chunk: int = 128
    """Prompt tokens a step: cancellation and progress happen between chunks. More are no faster, and take memory."""
    cache_slots: int = 8
    """Conversations that are computed at once, and whose cache is kept between turns; commands have one more to
    themselves. Memory is touched only as far as it is used."""
    model_bytes: int | None = None
    """Memory for the weights of all models together; None: seven tenths of the machine's. The one that is served by
    default is there in any case."""
    kv_bytes: int | None = None
    """Memory for the caches of all conversations together; None: half of what is free when the model has been loaded.
    Idle conversations are forgotten first; then a request waits that does not fit beside those that run."""
    snapshots: int = 16
    """Points of one conversation that a model with recurrent layers, or windows, can go back to."""
    snapshot_bytes: int = 256 << 20
    """Memory for all of them, over all conversations."""
    prefix_bytes: int = 512 << 20
    """Disk for beginnings of prompts, kept for the next start; and the most that is written of them in a day."""
    draft_tokens: int = 16
    """Most tokens that are guessed ahead and checked in one run; 0, which the configuration says otherwise, is none."""
    logged_answers: int = 256
    """Answers to commands that are kept in memory, to guess the next from."""
    logged_tokens: int = 16384
    """Tokens of all of them, and of the ends of their prompts; some 150 bytes each."""
    devices: int = 1000
    """Devices, and as many areas, that are known at a time."""
    device_bytes: int = 1 << 17
    """Largest message in which a device describes itself, or says how it is."""
    group_members: int = 256
    """Appliances of our group that are known at a time; of one more it is not noticed when it goes down."""
    speech_seconds: float = 600.0
    """Longest sound that is written down."""
    spoken_letters: int = 4096
    """Longest text that is spoken."""
    speech_waiting: int = 4
    """What waits to be written down behind what is being written down, and as much to be spoken; one more is told to
    come back."""
    connections: int = 512
    """Open HTTP connections; of more, the oldest on which nothing is being answered gives way."""
    live_streams: int = 256
    """Pages that look on at a time; one more is told to come back."""
    log_lines: int = 500
    """Lines of the log that are kept in memory, for the page and whoever asks over HTTP."""
    voice_streams: int = 16
    """Pages that are spoken to at a time; one more is told to come back."""
    drain_seconds: float = 20.0
    """After SIGTERM: how long running answers may take to finish."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """What one client over HTTP may take: a key with a name, else an address. 0 is without a limit."""

    requests_per_minute: int = 6000
    """A minute's worth may come at once, and then fills again evenly."""
    answers: int = 32
    """Answers that a model is asked for at once, those that wait among them."""
    tokens_per_minute: int = 0
    """Of prompts and answers; who has used them up waits until that is made good."""
    connections: int = 64
    """Open connections of one address that is not this machine's."""
