"""What a boot loader like MCUboot does with two slots: tries a new image once, and goes back unless it is confirmed.

Slots are swapped sector by sector over a third place, each step noted after it is done, so that a step that was cut is
done again from what it began with. What is noted lies in two sectors in turn; of the notes that are whole the latest
counts.
"""

import contextlib
import struct
import zlib
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from firmware_bridge.smp import image
from firmware_bridge.smp.image import Image, ImageError
from firmware_bridge.smp.storage import ERASED, SECTOR, Flash

PRIMARY, SECONDARY = 0, 1
_STEPS: Final = 3
_PLACE: Final = 64
_PLACES: Final = SECTOR // _PLACE
_NOTE: Final = struct.Struct("<LBBBH32sLL")
_CRC: Final = struct.Struct("<L")


class Swap(IntEnum):
    """Why slots are swapped."""

    NONE = 0
    TEST = 1
    FOR_GOOD = 2
    BACK = 3


@dataclass(frozen=True, slots=True)
class Notes:
    """What a boot loader remembers."""

    number: int = 0
    on_trial: bool = False
    """Whether the image in the primary slot has yet to be confirmed."""
    wanted: Swap = Swap.NONE
    """What to do when the board next starts."""
    swapping: Swap = Swap.NONE
    step: int = 0
    """How many steps of the swap are done."""
    digest: bytes = bytes(32)
    """Of the file that is being uploaded."""
    length: int = 0
    offset: int = 0
    """How many bytes of it are in the secondary slot for certain: whole sectors."""


class NothingToBootError(Exception):
    """No slot has a whole image: the board is a brick."""


class BootLoader:
    """Two slots, a place to swap over, and notes, on one flash."""

    def __init__(self, flash: Flash) -> None:
        self.flash = flash
        self._sectors = (flash.sectors - 3) // 2  # of a slot; one to swap over, two for notes
        self.slot_size = self._sectors * SECTOR
        self._scratch = 2 * self.slot_size
        self._notes = self._scratch + SECTOR
        self.notes, self._next = self._latest()
        self.uploaded = self.notes.offset
        """How many bytes of a file are in the secondary slot."""

    @staticmethod
    def new_flash(slot_sectors: int, first: bytes) -> Flash:
        """A flash as a factory leaves it, with an image in its primary slot."""
        flash = Flash(2 * slot_sectors + 3)
        flash.data[: len(first)] = first
        return flash

    def boot(self) -> Image:
        """Do what is to be done, and say what runs then.

        Raises:
            NothingToBootError: nothing does.
            PowerCutError: the power went meanwhile; boot again.
        """
        if not self.notes.swapping:
            self._decide()
        if self.notes.swapping:
            self._swap()
        running = self.in_slot(PRIMARY)
        if running is None:
            raise NothingToBootError
        return running

    def in_slot(self, slot: int) -> Image | None:
        """The whole image that is in a slot."""
        with contextlib.suppress(ImageError):
            return image.read(self.flash.read(slot * self.slot_size, self.slot_size))
        return None

    def note(self, **changes: object) -> None:
        """Remember something, in one write that is done or not."""
        self.notes = replace(self.notes, number=self.notes.number + 1, **changes)  # type: ignore[arg-type]
        place = self._next
        if place % _PLACES == 0:
            self.flash.erase(self._notes + place * _PLACE)
        self._next = (place + 1) % (2 * _PLACES)
        said = self.notes
        raw = _NOTE.pack(
            said.number, said.on_trial, said.wanted, said.swapping, said.step, said.digest, said.length, said.offset
        )  # fmt: skip
        self.flash.write(self._notes + place * _PLACE, raw + _CRC.pack(zlib.crc32(raw)))

    def begin_upload(self, digest: bytes, length: int) -> None:
        """Forget what was being uploaded before."""
        self.note(wanted=Swap.NONE, digest=digest, length=length, offset=0)
        self.uploaded = 0

    def upload(self, data: bytes, *, keep: bool) -> None:
        """Write the next piece; `keep`: remember each sector that is full, over a loss of power too."""
        while data:
            room = SECTOR - self.uploaded % SECTOR
            if room == SECTOR:
                self.flash.erase(self.slot_size + self.uploaded)
            piece, data = data[:room], data[room:]
            self.flash.write(self.slot_size + self.uploaded, piece)
            self.uploaded += len(piece)
            if keep and self.uploaded % SECTOR == 0:
                self.note(offset=self.uploaded)

    def _decide(self) -> None:
        if self.notes.wanted and self.in_slot(SECONDARY):
            self.note(wanted=Swap.NONE, swapping=self.notes.wanted, step=0, digest=bytes(32), offset=0)
        elif self.notes.on_trial:
            self.note(wanted=Swap.NONE, swapping=Swap.BACK, step=0)
        elif self.notes.wanted:
            self.note(wanted=Swap.NONE)

    def _swap(self) -> None:
        while self.notes.step < self._sectors * _STEPS:
            sector, step = divmod(self.notes.step, _STEPS)
            primary = sector * SECTOR
            secondary = self.slot_size + primary
            source, target = (
                (secondary, self._scratch), (primary, secondary), (self._scratch, primary),
            )[step]  # fmt: skip
            self.flash.erase(target)
            self.flash.write(target, self.flash.read(source, SECTOR))
            self.note(step=self.notes.step + 1)
        self.note(swapping=Swap.NONE, step=0, on_trial=self.notes.swapping is Swap.TEST)

    def _latest(self) -> tuple[Notes, int]:
        """The note that counts, and where the next one goes: behind it, where nothing was begun to be written."""
        found, behind = Notes(), 0
        for place in range(2 * _PLACES):
            raw = self.flash.read(self._notes + place * _PLACE, _PLACE)
            body, crc = raw[: _NOTE.size], raw[_NOTE.size : _NOTE.size + _CRC.size]
            if _CRC.pack(zlib.crc32(body)) == crc:
                number, trial, wanted, swapping, step, digest, length, offset = _NOTE.unpack(body)
                if number > found.number:
                    behind = place + 1
                    found = Notes(
                        number, bool(trial), Swap(wanted), Swap(swapping), step, digest, length, offset
                    )
        while behind % _PLACES and self._begun(behind):
            behind += 1
        return found, behind % (2 * _PLACES)

    def _begun(self, place: int) -> bool:
        return any(byte != ERASED for byte in self.flash.read(self._notes + place * _PLACE, _PLACE))
