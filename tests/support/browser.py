"""A headless Chromium, driven over its DevTools socket (https://chromedevtools.github.io/devtools-protocol).

Speaks the protocol through aiohttp, so no driver of its own is needed. Knows nothing of our page.
"""

import asyncio
import base64
import itertools
import os
import shutil
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp

PROGRAM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NAME: Final = "hearth.test"
"""What leads here too, as a name in somebody's network does: without https, no secure context."""
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
)
_SPOKEN_TO: Final = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
_PATIENCE_S: Final = 30.0


class Tab:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.problems: list[str] = []
        """Errors of scripts and the console, violations of the content policy among them."""
        self.urls: list[str] = []
        """Every address that was asked for."""

    async def listen(self) -> None:
        """Take in what the browser says, until it is closed."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] == "Network.requestWillBeSent":
                self.urls.append(said["params"]["request"]["url"])
            elif said["method"] == "Runtime.exceptionThrown":
                self.problems.append(str(said["params"]["exceptionDetails"]))
            elif said["method"] == "Log.entryAdded" and said["params"]["entry"]["level"] == "error":
                self.problems.append(said["params"]["entry"]["text"])

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser for something."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        said = await asyncio.wait_for(answer, _PATIENCE_S)
        assert "result" in said, said
        return dict(said["result"])

    async def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), _PATIENCE_S)

    async def value(self, expression: str) -> Any:
        """What a piece of JavaScript gives."""
        said = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until a piece of JavaScript gives something true."""
        async with asyncio.timeout(_PATIENCE_S):
            while not await self.value(expression):  # noqa: ASYNC110  what is waited for is in another process
                await asyncio.sleep(0.02)

    async def cut(self, *, from_network: bool) -> None:
        """Take the network away, or give it back."""
        await self.call(
            "Network.emulateNetworkConditions",
            offline=from_network, latency=0, downloadThroughput=-1, uploadThroughput=-1,
        )  # fmt: skip

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release one named key."""
        text = {"text": "\r"} if key == "Enter" else {}
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowRight": 39}
        held = {
            "key": key, "code": key, "modifiers": 8 * shift, "windowsVirtualKeyCode": codes[key],
        }  # fmt: skip
        await self.call("Input.dispatchKeyEvent", type="keyDown", **held, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **held)

    async def finger(self, selector: str, *, down: bool) -> None:
        """Put a finger on the middle of something, or take it away."""
        at = await self.value(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        await self.call(
            "Input.dispatchMouseEvent",
            type="mousePressed" if down else "mouseReleased", x=at[0], y=at[1], button="left", clickCount=1,
        )  # fmt: skip

    async def look(
        self, *, width: int, height: int, dark: bool = False, touch: bool = False, still: bool = False
    ) -> None:
        """Take the size, the colour scheme and the pointer of some device; `still`: of one without motion."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=touch,
        )  # fmt: skip
        await self.call("Emulation.setTouchEmulationEnabled", enabled=touch)
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        await self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )

    async def screenshot(self, path: Path) -> None:
        """Write what is seen now as PNG."""
        said = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(said["data"]))


@asynccontextmanager
async def browse(*, says: Path | None = None) -> AsyncGenerator[Tab, None]:
    """Start Chromium with an empty profile, give its one tab, and leave nothing running.

    `says`: a WAV file that its microphone hears once, from when it is opened; None: it has none.
    """
    assert PROGRAM is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *_FLAGS,
            *([] if says is None else (*_SPOKEN_TO, f"--use-file-for-fake-audio-capture={says}%noloop")),
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            port = await asyncio.to_thread(_port, Path(profile) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                    pages = [target for target in await response.json() if target["type"] == "page"]
                url = pages[0]["webSocketDebuggerUrl"]
                async with session.ws_connect(url, max_msg_size=0) as socket, asyncio.TaskGroup() as tasks:
                    tab = Tab(socket)
                    listening = tasks.create_task(tab.listen(), name="browser.tab")
                    yield tab
                    listening.cancel()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _port(told: Path) -> int:
    """Wait for the port that Chromium chose."""
    until = time.monotonic() + _PATIENCE_S
    while not (told.exists() and (text := told.read_text(encoding="ascii").strip())):
        assert time.monotonic() < until, "Chromium did not start"
        time.sleep(0.02)
    return int(text.splitlines()[0])
