"""Drives a state machine by a transport and a clock: the one place where bytes, time and events of the loop meet."""

import asyncio
from collections.abc import Callable

from firmware_bridge.errors import TransportError
from firmware_bridge.transport import Transport

Stepping = Callable[[float, bytes], tuple[bytes, float | None]]
"""Takes the time and what came; gives what to send, and when to be called again at the latest."""


async def pump(line: Transport, step: Stepping, wake: asyncio.Event) -> None:
    """Step whenever bytes come, the time comes, or `wake` is set. Ends only by an error or cancelled.

    Raises:
        TransportError: the line is no more.
    """
    clock = asyncio.get_running_loop().time
    came = asyncio.Queue[bytes](16)

    async def read() -> None:
        while True:
            await came.put(await line.read())
            wake.set()

    reading = asyncio.create_task(read(), name="bridge.read")
    reading.add_done_callback(lambda _: wake.set())
    try:
        while True:
            wake.clear()
            data = b"".join(came.get_nowait() for _ in range(came.qsize()))
            output, due = step(clock(), data)
            if output:
                await line.write(output)
            if reading.done() and came.empty():
                await reading
            await _sleep(wake, None if due is None else due - clock())
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def attend(line: Transport, step: Stepping, wake: asyncio.Event) -> None:
    """Be at the end of a line until it is closed: the far end, as a simulator has it.

    Raises:
        TransportError: the line cannot be used.
    """
    await line.open()
    try:
        await pump(line, step, wake)
    except TransportError:
        return
    finally:
        await line.close()


async def _sleep(wake: asyncio.Event, seconds: float | None) -> None:
    if wake.is_set() or (seconds is not None and seconds <= 0):
        await asyncio.sleep(0)  # others have their turn even if we are always due
        return
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
