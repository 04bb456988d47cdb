"""A board that speaks SMP as a program sees it, in simulated time."""

import asyncio
import random
from collections.abc import Callable

import pytest

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from smp import header, image_management, os_management

from firmware_bridge.errors import NoAnswerError, NotConnectedError, OutcomeUnknownError, ProtocolError
from firmware_bridge.memory import MemoryTransport
from firmware_bridge.pump import pump
from firmware_bridge.smp import image
from firmware_bridge.smp.client import SmpBoard, SmpRefusedError, UploadError
from firmware_bridge.smp.framing import Reader, encode
from firmware_bridge.tcp import TcpTransport
from tests.support.noise import everything
from tests.support.simulated_time import simulated
from tests.support.smp_boards import NEW, Plug

Answer = Callable[[bytes], bytes]


def test_who_it_is_and_what_it_has() -> None:
    async def work() -> None:
        async with SmpBoard(Plug()) as board:
            assert await board.echo("grüß dich") == "grüß dich"
            assert await board.kind() == "simulated_smp"
            (only,) = await board.images()
            assert (only.version, only.active, only.confirmed, only.pending) == ("1.0.0", True, True, False)

    simulated(work())


def test_a_shell() -> None:
    async def work() -> None:
        async with SmpBoard(Plug()) as board:
            assert await board.execute("lamp set 'very bright'", 1.0) == "lamp set very bright"
            with pytest.raises(ValueError, match="quotation"):
                await board.execute("lamp 'set", 1.0)

    simulated(work())


def test_a_command_that_is_not_answered_is_not_sent_again() -> None:
    async def work() -> int:
        plug = Plug()
        heard = 0

        def count(_data: bytes) -> bytes:
            nonlocal heard
            heard += 1
            return b""

        async with SmpBoard(plug) as board:
            plug.to_board = count
            with pytest.raises(OutcomeUnknownError, match="may have done it"):
                await board.execute("press", 1.0)
        return heard

    assert simulated(work()) == 1


def test_a_command_on_a_line_that_breaks_may_have_been_done() -> None:
    async def work() -> None:
        plug = Plug()
        async with SmpBoard(plug) as board:
            assert plug._end is not None
            await plug._end.close()
            with pytest.raises(OutcomeUnknownError, match="look at it"):
                await board.execute("press", 1.0)

    simulated(work())


@pytest.mark.parametrize("rate", [0.0002, 0.0005])
def test_an_upload_over_a_noisy_line(rate: float) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)

    async def work() -> None:
        plug = Plug(buffer=128)
        async with SmpBoard(plug) as board:
            plug.to_board = plug.to_host = everything(rng, rate)
            async for _ in board.upload(NEW):
                pass
            plug.to_board = plug.to_host = lambda data: data
            assert image.read(NEW).hash in {each.hash for each in await board.images()}

    simulated(work())


@pytest.mark.parametrize("buffer", [128, 384, 1024, 2048])
def test_a_board_has_the_room_it_says(buffer: int) -> None:
    async def work() -> int:
        plug, pieces = Plug(buffer=buffer), 0
        async with SmpBoard(plug) as board:
            async for _ in board.upload(NEW):
                pieces += 1
        return pieces

    assert simulated(work()) <= len(NEW) // (buffer - 120 if buffer > 128 else 40) + 2


def test_a_line_that_breaks_in_an_upload_is_opened_again() -> None:
    async def work() -> list[int]:
        plug, offsets = Plug(), list[int]()
        async with SmpBoard(plug) as board:
            async for offset in board.upload(NEW):
                offsets.append(offset)
                if len(offsets) in {3, 6, 9}:
                    assert plug._end is not None
                    await plug._end.close()
        return offsets

    offsets = simulated(work())
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(NEW)


def test_nobody_there() -> None:
    async def work() -> float:
        end, _ = MemoryTransport.pair()
        async with SmpBoard(end) as board:
            with pytest.raises(NoAnswerError, match="does it speak SMP"):
                await board.echo("anybody?")
            with pytest.raises(NoAnswerError):
                async for _ in board.upload(NEW):
                    pass
            with pytest.raises(NoAnswerError, match="switch it off and on"):
                await board.away()
        return asyncio.get_running_loop().time()

    assert simulated(work()) < 300


def test_what_a_board_refuses_is_said_in_its_words() -> None:
    async def work() -> None:
        async with SmpBoard(Plug()) as board:
            with pytest.raises(SmpRefusedError, match="refuses to try the new image: invalid hash"):
                await board.test(bytes(32))
            with pytest.raises(UploadError, match="too large"):
                async for _ in board.upload(bytes(9000)):
                    pass

    simulated(work())


async def _rogue(end: MemoryTransport, answer: Answer) -> None:
    """A board that answers as it likes."""
    reader = Reader()
    await end.open()

    def step(_now: float, data: bytes) -> tuple[bytes, None]:
        return b"".join(encode(answer(each)) for each in reader.feed(data)), None

    await pump(end, step, asyncio.Event())


def _raw(frame: bytes, body: bytes) -> bytes:
    """An answer to `frame` with any body."""
    said = header.Header.loads(frame[:8])
    return (
        bytes([frame[0] + 1, 0])
        + len(body).to_bytes(2)
        + frame[4:6]
        + bytes([said.sequence, frame[7]])
        + body
    )


def _at(offset: int) -> Answer:
    def answer(frame: bytes) -> bytes:
        said = header.Header.loads(frame[:8])
        if said.group_id == header.GroupId.OS_MANAGEMENT:
            return bytes(
                os_management.MCUMgrParametersReadResponse(
                    sequence=said.sequence, buf_size=1 << 40, buf_count=0
                )
            )
        return bytes(image_management.ImageUploadWriteResponse(sequence=said.sequence, off=offset))

    return answer


@pytest.mark.parametrize("offset", [0, 5, -1, len(NEW) + 1, 1 << 60])
def test_a_board_that_never_gets_farther(offset: int) -> None:
    async def work() -> None:
        end, far = MemoryTransport.pair()
        rogue = asyncio.create_task(_rogue(far, _at(offset)))
        await asyncio.sleep(0)
        async with SmpBoard(end) as board:
            with pytest.raises(UploadError, match="does not get beyond"):
                async for _ in board.upload(NEW):
                    pass
        rogue.cancel()

    simulated(work())


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"\xa1\x01\x02", b"\x80", b"\xa1\x61r\x01", b"\xa1\x61q\x61x",
        b"\xa1\x62rc\x18\x63", b"\xc2\x41\x01", b"\x9f" * 99,
    ],
)  # fmt: skip
def test_an_answer_that_is_none(body: bytes) -> None:
    async def work() -> None:
        end, far = MemoryTransport.pair()
        rogue = asyncio.create_task(_rogue(far, lambda frame: _raw(frame, body)))
        await asyncio.sleep(0)
        with pytest.raises((ProtocolError, NoAnswerError)):
            async with SmpBoard(end) as board:
                await board.echo("hello")
        rogue.cancel()

    simulated(work())


def test_what_answers_an_earlier_question_is_dropped() -> None:
    async def work() -> None:
        plug = Plug()
        async with SmpBoard(plug) as board:
            late = list[bytes]()

            def hold(data: bytes) -> bytes:
                late.append(data)
                return b""

            plug.to_host = hold
            with pytest.raises(NoAnswerError):
                await board.echo("one")
            plug.to_host = lambda data: b"".join(late) + data
            assert await board.echo("two") == "two"

    simulated(work())


def test_no_line() -> None:
    async def work() -> None:
        async with SmpBoard(TcpTransport("127.0.0.1", 1)):
            pass

    with pytest.raises(NotConnectedError):
        asyncio.run(work())
