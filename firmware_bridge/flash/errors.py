"""What can go wrong when firmware is put on a board; each message is one sentence that says what to do."""

from firmware_bridge.errors import BridgeError, PortTakenError


class FlashError(BridgeError):
    """Base of what goes wrong with firmware."""


class BundleError(FlashError, ValueError):
    """A file is no firmware bundle, or not a whole one."""


class ManifestError(BundleError):
    """What a bundle says of itself cannot be."""


class ContentError(BundleError):
    """The files of a bundle are not those its manifest names."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name!r} in the bundle {why}; get the bundle again")


class ProgramError(BundleError):
    """Bytes are none that a board may be given; says why, and what to take instead, but not of which file."""


class NoProgramError(BundleError):
    """A file of a bundle is no firmware, or not for where it is to go; `why` is a ProgramError's or goes on so."""

    def __init__(self, name: str, why: object) -> None:
        super().__init__(f"{name!r} {why}")


class WrongBoardError(FlashError):
    """The firmware is for another board."""

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(
            f"this firmware is for {wanted!r}, and the board on the line is {found!r}; nothing was changed"
        )


class ToolMissingError(FlashError):
    """A program that flashes is not installed."""

    def __init__(self, tool: str, how: str) -> None:
        super().__init__(f"{tool} is not installed; get it by `{how}`")


class ToolFailedError(FlashError):
    """A program that flashes did not manage."""

    def __init__(self, tool: str, said: str) -> None:
        super().__init__(f"{tool} failed: {said or 'it does not say why'}; flash again once that is mended")


class RevertedError(FlashError):
    """The board tried the new firmware and went back to what it had."""

    def __init__(self, version: str, running: str) -> None:
        super().__init__(
            f"the board tried {version} and went back to {running}: it did not start, or the power was cut; "
            "flash again, and if this stays so, the firmware is not right for it"
        )


class OtherVersionError(FlashError):
    """After flashing, the board says it has another firmware than it was given."""

    def __init__(self, wanted: str, told: str) -> None:
        super().__init__(
            f"the board was given {wanted}, and says it runs {told}; the bundle names a version that its firmware "
            "does not tell, or the board has started something else"
        )


class InUseError(FlashError, PortTakenError):
    """The appliance, or another program, has the port."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why}; if it is the appliance, `sudo systemctl stop inglenook`, flash, and start it again"
        )
