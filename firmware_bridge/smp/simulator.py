"""A board that speaks SMP and starts by a boot loader with two slots. Its power may be cut anywhere.

What survives is its flash: a board is made of one each time it is switched on. A program that begins with `broken` is
reset by its watchdog before it has started, one that begins with `silent` runs and answers nothing.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from smp import header, image_management, message, os_management, shell_management
from smp.error import MGMT_ERR, Err, ErrorV1
from smp.exceptions import SMPException
from smp.image_management import IMG_MGMT_ERR, ImageManagementErrorV2, ImageState

from firmware_bridge import cbor
from firmware_bridge.pump import attend
from firmware_bridge.smp import image
from firmware_bridge.smp.bootloader import PRIMARY, SECONDARY, BootLoader, NothingToBootError, Swap
from firmware_bridge.smp.framing import Reader, encode
from firmware_bridge.smp.image import Image
from firmware_bridge.smp.storage import Flash
from firmware_bridge.transport import Transport

Shell = Callable[[list[str]], tuple[int, str]]
"""What a command line does: its words to an exit status and an output."""

FACTORY: Final = image.make(b"as sold", (1, 0, 0))
_HEADER: Final = 32
_OVERHEAD: Final = 4


def new_flash(first: bytes = FACTORY, slot_sectors: int = 64) -> Flash:
    """The flash of a board as it is sold, with slots of so many KiB."""
    return BootLoader.new_flash(slot_sectors, first)


class _Chosen(image_management.ImageStatesWriteResponse):
    """The answer to a choice, which the library would give as one to a question."""

    _OP = header.OP.WRITE_RSP


class SimulatedSmpBoard:
    """One board, from being switched on to losing its power."""

    def __init__(
        self,
        flash: Flash,
        *,
        name: str = "simulated_smp",
        buffer: int = 384,
        keeps_offset: bool = True,
        shell: Shell = lambda argv: (0, " ".join(argv)),
    ) -> None:
        """`keeps_offset`: whether an upload is gone on with after a loss of power.

        Raises:
            PowerCutError: the power went while it started.
            NothingToBootError: it is a brick.
        """
        self.name = name
        self.uploads_begun_at: list[int] = []
        """Which offset each upload was told to go on at."""
        self._shell = shell
        self._buffer = buffer
        self._keeps_offset = keeps_offset
        self._flash = flash
        self._start()

    async def run(self, line: Transport) -> None:
        """Be at the end of a line until it is closed.

        Raises:
            PowerCutError: the power went.
        """
        await attend(line, self.step, asyncio.Event())

    def step(self, now: float, data: bytes) -> tuple[bytes, None]:  # noqa: ARG002  it has no clock
        """Take what came; what to send.

        Raises:
            PowerCutError: the power went meanwhile.
        """
        answers = [encode(answer) for frame in self._reader.feed(data) if (answer := self._hear(frame))]
        if self._resetting:
            self._start()
        return b"".join(answers), None

    def _start(self) -> None:
        self._reader, self._resetting = Reader(), False
        self.loader = BootLoader(self._flash)
        if not self._keeps_offset:
            self.loader.uploaded = 0
        self.running = self._booted()

    def _booted(self) -> Image:
        """What runs; what never gets to run is tried no more than once."""
        for _ in range(2):
            running = self.loader.boot()
            if not self._program_is(b"broken"):
                return running
        raise NothingToBootError

    def _program_is(self, kind: bytes) -> bool:
        return self._flash.read(_HEADER, len(kind)) == kind

    def _hear(self, frame: bytes) -> bytes:
        """The answer to a message; none to what is no message, or has no room."""
        if self._program_is(b"silent") or len(frame) > self._buffer - _OVERHEAD:
            return b""
        if not cbor.is_map(frame[header.Header.SIZE :]):
            return b""
        try:
            said = header.Header.loads(frame[: header.Header.SIZE])
            return bytes(self._answer(said, frame))
        except (SMPException, ValueError, TypeError):
            return b""

    def _answer(self, said: header.Header, frame: bytes) -> message.Response:
        match said.group_id:
            case header.GroupId.OS_MANAGEMENT:
                return self._system(said, frame)
            case header.GroupId.IMAGE_MANAGEMENT:
                return self._image(said, frame)
            case header.GroupId.SHELL_MANAGEMENT:
                status, output = self._shell(shell_management.ExecuteRequest.loads(frame).argv)
                return shell_management.ExecuteResponse(sequence=said.sequence, o=output, ret=status)
        return _not_supported(said)

    def _system(self, said: header.Header, frame: bytes) -> message.Response:
        command, number = header.CommandId.OSManagement, said.sequence
        match said.command_id:
            case command.ECHO:
                text = os_management.EchoWriteRequest.loads(frame).d
                return os_management.EchoWriteResponse(sequence=number, r=text)
            case command.MCUMGR_PARAMETERS:
                return os_management.MCUMgrParametersReadResponse(
                    sequence=number, buf_size=self._buffer, buf_count=4
                )
            case command.OS_APPLICATION_INFO:
                return os_management.OSApplicationInfoReadResponse(sequence=number, output=self.name)
            case command.RESET:
                self._resetting = True
                return os_management.ResetWriteResponse(sequence=number)
        return _not_supported(said)

    def _image(self, said: header.Header, frame: bytes) -> message.Response:
        command = header.CommandId.ImageManagement
        match said.op, said.command_id:
            case header.OP.READ, command.STATE:
                return image_management.ImageStatesReadResponse(sequence=said.sequence, images=self._images())
            case header.OP.WRITE, command.STATE:
                return self._choose(image_management.ImageStatesWriteRequest.loads(frame))
            case header.OP.WRITE, command.UPLOAD:
                return self._upload(image_management.ImageUploadWriteRequest.loads(frame))
        return _not_supported(said)

    def _images(self) -> list[ImageState]:
        notes, second = self.loader.notes, self.loader.in_slot(SECONDARY)
        first = ImageState(
            slot=PRIMARY, version=self.running.version, hash=self.running.hash, bootable=True, active=True,
            confirmed=not notes.on_trial, pending=False, permanent=False,
        )  # fmt: skip
        if second is None:
            return [first]
        return [
            first,
            ImageState(
                slot=SECONDARY, version=second.version, hash=second.hash, bootable=True, active=False,
                confirmed=notes.on_trial, pending=bool(notes.wanted), permanent=notes.wanted is Swap.FOR_GOOD,
            ),
        ]  # fmt: skip

    def _choose(self, asked: image_management.ImageStatesWriteRequest) -> message.Response:
        second = self.loader.in_slot(SECONDARY)
        if asked.confirm and asked.hash in {None, self.running.hash}:
            if self.loader.notes.on_trial:
                self.loader.note(on_trial=False)
        elif second is None or asked.hash != second.hash or self.loader.notes.on_trial:
            return _refused(asked.header, IMG_MGMT_ERR.INVALID_HASH)
        else:
            self.loader.note(wanted=Swap.FOR_GOOD if asked.confirm else Swap.TEST)
        return _Chosen(sequence=asked.sequence, images=self._images())

    def _upload(self, asked: image_management.ImageUploadWriteRequest) -> message.Response:
        notes = self.loader.notes
        if notes.on_trial:  # the other slot has what to go back to
            return _refused(asked.header, IMG_MGMT_ERR.NO_FREE_SLOT)
        if asked.off == 0:
            if asked.len is None or asked.len > self.loader.slot_size:
                return _refused(asked.header, IMG_MGMT_ERR.INVALID_IMAGE_TOO_LARGE)
            digest = asked.sha or bytes(32)
            if not (asked.sha and (notes.digest, notes.length) == (digest, asked.len)):
                self.loader.begin_upload(digest, asked.len)
            self.uploads_begun_at.append(self.loader.uploaded)
        elif asked.off + len(asked.data) > notes.length:
            return _refused(asked.header, IMG_MGMT_ERR.INVALID_IMAGE_DATA_OVERRUN)
        if asked.off == self.loader.uploaded:
            self.loader.upload(asked.data, keep=self._keeps_offset)
        return image_management.ImageUploadWriteResponse(sequence=asked.sequence, off=self.loader.uploaded)


def _refused(said: header.Header, why: IMG_MGMT_ERR) -> message.Response:
    class Refusal(ImageManagementErrorV2):
        _COMMAND_ID = said.command_id
        _OP = header.OP(said.op + 1)

    return Refusal(sequence=said.sequence, err=Err[IMG_MGMT_ERR](group=said.group_id, rc=why))


def _not_supported(said: header.Header) -> message.Response:
    """As boards answer that do not have a group: under its number, with a plain code."""

    class Refusal(ErrorV1):
        _GROUP_ID = said.group_id
        _COMMAND_ID = said.command_id
        _OP = header.OP(said.op + 1)

    return Refusal(sequence=said.sequence, rc=MGMT_ERR.ENOTSUP)
