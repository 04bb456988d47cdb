"""What can go wrong between a board and us; each message is one sentence that says what to do."""


class BridgeError(Exception):
    """Base of everything this package raises on purpose."""


class ProtocolError(BridgeError, ValueError):
    """What a board sent keeps to no version of the protocol that is known here."""


class MessageError(ProtocolError):
    """A payload is no message."""


class NonsenseError(ProtocolError):
    """A board describes something that cannot be."""


class VersionError(ProtocolError):
    """The other side speaks no version of the protocol that is known here."""


class BoardsFileError(BridgeError, ValueError):
    """An owner's description of boards cannot be read, or describes what cannot be."""


class UnknownCapabilityError(BridgeError, LookupError):
    """The board has nothing of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"the board has no {name!r}; it has {', '.join(known) or 'nothing that can be used'}"
        )


class ValueRefusedError(BridgeError, ValueError):
    """A value is none that the capability takes; nothing was sent."""


class RefusedError(BridgeError):
    """The board answered that it does not do that; nothing has changed."""

    def __init__(self, code: int, text: str) -> None:
        reasons = (
            "it does not know that message",
            "it has no such capability",
            "that is no value it takes",
            "it can only be read",
            "it can only be set",
            "it is busy; try again",
            "it failed at it",
        )
        reason = reasons[code - 1] if 1 <= code <= len(reasons) else f"error {code}"
        said = "".join(c if c.isprintable() else "?" for c in text)
        super().__init__(f"the board refuses: {reason}" + (f" ({said})" if said else ""))
        self.code = code


class OutcomeUnknownError(BridgeError, TimeoutError):
    """It was sent, and no answer came: it may have been done or not, and is not sent again."""


class NoAnswerError(BridgeError, TimeoutError):
    """The board is there, and does not answer."""


class TransportError(BridgeError, OSError):
    """The line to the board cannot be used."""


class NotConnectedError(TransportError):
    """There is no link to the board; nothing was sent."""


class ClosedError(TransportError):
    """The other side is gone: unplugged, or hung up."""


class NoSuchPortError(TransportError):
    """There is no port of that name."""


class PortTakenError(TransportError):
    """Another program has the port."""


class PermissionDeniedError(TransportError):
    """The port is there, and we may not open it."""
