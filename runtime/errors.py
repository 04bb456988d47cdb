"""What can go wrong while serving, one family an audience; each message is one sentence that says what to do."""


class IngleError(Exception):
    """Base of everything this appliance raises on purpose."""


class CallerError(IngleError, ValueError):
    """The caller's mistake: the request can never succeed as it is."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class PromptTooLongError(CallerError):
    """The prompt and the answer asked for, or one token of it, do not fit the context. Nothing is cut silently."""

    def __init__(self, prompt: int, answer: int, context: int, *, memory: bool = False) -> None:
        """`memory`: the model's context is longer, but there is not the memory for more."""
        advice = "shorten the prompt" if answer == 1 else "shorten the prompt or ask for fewer tokens"
        holds = "the context holds"
        if memory:
            holds, advice = (
                "the memory for a conversation holds",
                f"{advice}, or have the owner raise limits.kv_bytes",
            )
        super().__init__(
            f"the prompt has {prompt} tokens and the answer needs room for {answer}, "
            f"but {holds} {context}; {advice}",
            param="messages",
        )
        self.prompt, self.answer, self.context = prompt, answer, context


class ModelNotFoundError(CallerError, LookupError):
    """A model name that this appliance does not serve."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"no model {name!r} here; this appliance serves {', '.join(known) or 'none'}", param="model"
        )


class BusyError(IngleError):
    """Come back later: the queue is full or the appliance is draining."""


class BundleError(IngleError):
    """The bundle on disk does not match its manifest, or cannot be loaded."""


class ChatTemplateError(BundleError):
    """The program that came with the model to write its prompts failed on a conversation."""

    def __init__(self, cause: Exception) -> None:
        fault = " ".join(str(cause).split())[:200] or type(cause).__name__
        super().__init__(
            f"the model's chat template fails ({fault}); use another model, or pull it with a template put right"
        )


class ConfigError(IngleError, ValueError):
    """The configuration names something unknown or impossible."""


class KeyRefusedError(CallerError, ConfigError):
    """A key cannot be made or taken back as it was asked for."""


class KeyNotFoundError(KeyRefusedError, LookupError):
    """There is no key of that name."""


class DeviceError(IngleError):
    """A device cannot be reached, or what it says of itself cannot be used."""


class DeviceRefusedError(DeviceError):
    """A device answered that it does not do that. Nothing has changed, and asking again would change nothing."""


class EngineError(IngleError, RuntimeError):
    """Our bug, or onnxruntime's: inference failed on a request that was sound."""
