"""How much sound all connections together may have us hold, and how long one recording may be. No I/O, no samples."""

from runtime.errors import BusyError, CallerError
from runtime.voice.border import RATE


class Room:
    """One for a server."""

    def __init__(self, each_s: float, all_s: float) -> None:
        """`each_s`: the longest recording; `all_s`: of all that are being taken at a time."""
        self._each = int(each_s * RATE)
        self._all = int(all_s * RATE)
        self._taken = 0

    @property
    def taken(self) -> int:
        """Samples that are held."""
        return self._taken

    def recording(self) -> "Recording":
        """A place for another one. Leave it with `close`."""
        return Recording(self)

    def take(self, held: int, more: int) -> None:
        """Let a recording of `held` samples grow by `more`.

        Raises:
            CallerError: it is too long.
            BusyError: others are long, too.
        """
        if held + more > self._each:
            raise CallerError(f"the recording is longer than {self._each / RATE:g} seconds; say it in parts")
        if self._taken + more > self._all:
            raise BusyError("too much is being listened to already; say it again in a few seconds")
        self._taken += more

    def leave(self, held: int) -> None:
        """A recording is over."""
        self._taken -= held


class Recording:
    """How much one of them holds."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._held = 0

    def grow(self, more: int) -> None:
        """Hold `more` samples; raises as `Room.take`."""
        self._room.take(self._held, more)
        self._held += more

    def close(self) -> None:
        """Hold none."""
        self._room.leave(self._held)
        self._held = 0
