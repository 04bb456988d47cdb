"""What the HTTP layer costs: a listener in a process of its own, in front of an engine that plays a script.

Prints requests a second and the server's share of a core, milliseconds to the first byte, memory of idle streams, and
what ten thousand silent connections do.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REQUESTS: Final = int(os.environ.get("REQUESTS", "5000"))
STREAMS: Final = 200
SILENT: Final = 10_000
HELD: Final = 800
"""Silent connections that are open at once, at the client's end."""
CALLERS: Final = 8
HEALTH: Final = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIVE: Final = b"GET /kiosk/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY: Final = b'{"stream":true,"messages":[{"role":"user","content":"Hello"}]}'
CHAT: Final = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


@dataclass(frozen=True)
class Server:
    """The process, as the kernel sees it."""

    pid: int
    port: int

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@contextmanager
def server() -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.model_listener"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Server(process.pid, int(process.stdout.readline().rpartition(":")[2]))
        finally:
            process.kill()


async def answered(reader: asyncio.StreamReader) -> None:
    """Read an answer with a length to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))


async def health(there: Server) -> None:
    async def caller() -> None:
        reader, writer = await there.open()
        for _ in range(REQUESTS // CALLERS):
            writer.write(HEALTH)
            await answered(reader)
        writer.close()

    began, cpu = time.perf_counter(), there.cpu_s()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    seconds, cpu = time.perf_counter() - began, there.cpu_s() - cpu
    rate = REQUESTS / seconds
    print(
        f"/health, {CALLERS} callers: {rate:.0f} requests/s; {1000 * cpu / REQUESTS:.2f} cores at 1000 a second"
    )


async def first_byte(there: Server) -> None:
    reader, writer = await there.open()
    spent, whole = [], []
    cpu = there.cpu_s()
    for _ in range(300):
        began = time.perf_counter()
        writer.write(CHAT)
        await reader.readuntil(b"data: ")
        spent.append(1000 * (time.perf_counter() - began))
        await reader.readuntil(b"[DONE]\n\n")
        await reader.readuntil(b"0\r\n\r\n")
        whole.append(1000 * (time.perf_counter() - began))
    writer.close()
    cpu = (there.cpu_s() - cpu) / len(spent)
    ranked = sorted(spent)
    fast, slow = ranked[len(ranked) // 20], ranked[-len(ranked) // 20]
    print(
        f"chat, one caller: first byte after {statistics.median(spent):.2f} ms, "
        f"nine of ten within {fast:.2f} to {slow:.2f} ms; "
        f"whole answer after {statistics.median(whole):.2f} ms and {1000 * cpu:.2f} ms of a core"
    )


async def idle_streams(there: Server) -> None:
    before = there.resident()
    open_ = [await there.open() for _ in range(STREAMS)]
    for reader, writer in open_:
        writer.write(LIVE)
        await reader.readuntil(b"data: ")
    await asyncio.sleep(2.0)
    grown = (there.resident() - before) / 2**20
    print(f"{STREAMS} idle streams: {grown:.1f} MiB, {1024 * grown / STREAMS:.0f} KiB each")
    for _, writer in open_:
        writer.close()


async def silence(there: Server) -> None:
    before, took, held = there.resident(), [], []
    for number in range(SILENT):
        held.append(await there.open())
        if len(held) > HELD:
            held.pop(0)[1].close()
        if number % 500 == 499:
            began = time.perf_counter()
            reader, writer = await there.open()
            writer.write(HEALTH)
            await answered(reader)
            writer.close()
            took.append(1000 * (time.perf_counter() - began))
    grown = (there.resident() - before) / 2**20
    print(
        f"{SILENT} silent connections, {HELD} at once: /health after at most {max(took):.1f} ms, {grown:.1f} MiB more"
    )
    for _, writer in held:
        writer.close()


async def main() -> None:
    with server() as there:
        await first_byte(there)
        await health(there)
        await idle_streams(there)
        await silence(there)


if __name__ == "__main__":
    asyncio.run(main())
