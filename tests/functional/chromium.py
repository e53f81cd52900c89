"""A real browser without a window, driven through its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from tests.waiting import PATIENCE_SECONDS, wait_until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    *("--headless=new", "--remote-debugging-port=0", "--no-first-run", "--no-default-browser-check", "--disable-gpu"),
    *("--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars", "--password-store=basic"),
)


def find_chromium() -> str | None:
    """The browser's program: CHROMIUM, or what is on the path; None where there is none."""
    return os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)


class Chromium:
    """One browser with one page. `messages` has what the page wrote to its console, and what its policy refused."""

    def __init__(self, program: str, profile: Path) -> None:
        # root may not use the browser's own sandbox, as in most containers
        flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={profile}"]
        log = open(profile.with_suffix(".log"), "wb")  # noqa: SIM115  the browser's, as long as it lives
        self._process = subprocess.Popen([program, *flags, "about:blank"], stdout=log, stderr=log)
        self._loop = asyncio.new_event_loop()
        self._number = 0
        self._loads = 0
        self.messages: list[str] = []
        try:
            self._loop.run_until_complete(self._connect(self._port(profile)))
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self._process.kill()
            raise

    def close(self) -> None:
        """End the browser."""
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
        self._process.terminate()
        self._process.wait(timeout=PATIENCE_SECONDS)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command, answered."""
        return self._loop.run_until_complete(self._call(method, parameters))

    def go(self, address: str) -> None:
        """Open an address, and wait until everything of it is there."""
        self._until_loaded(lambda: self.call("Page.navigate", url=address))

    def click(self, selector: str, loads: bool = True) -> None:
        """Press the mouse on an element, as a person does; wait for the page that this leads to."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView({{block: 'center'}});"
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        place = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}

        def press() -> None:
            self.call("Input.dispatchMouseEvent", type="mousePressed", **place)
            self.call("Input.dispatchMouseEvent", type="mouseReleased", **place)

        self._until_loaded(press) if loads else press()

    def key(self, key: str, code: int, text: str = "", loads: bool = False) -> None:
        """Press one key: its name and its Windows key code."""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code}

        def press() -> None:
            self.call("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **about)

        self._until_loaded(press) if loads else press()

    def write(self, selector: str, text: str) -> None:
        """Type into a field, in the place of what is there."""
        self.run(f"(() => {{ const e = document.querySelector({selector!r}); e.focus(); e.select(); }})()")
        self.call("Input.insertText", text=text)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """What an element says, empty where there is none."""
        return str(self.run(f"(document.querySelector({selector!r}) || {{innerText: ''}}).innerText"))

    def until(self, script: str) -> Any:
        """Wait until an expression is true in the page; its value."""
        return wait_until(
            lambda: self.run(script), lambda: f"{script}, which is {self.run(script)!r} at {self.run('location.href')}"
        )

    def look(self, width: int, height: int, dark: bool = False) -> None:
        """Be a screen of this size, in CSS pixels, of a person who likes light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path) -> None:
        """The whole page as a PNG."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _until_loaded(self, act: Callable[[], Any]) -> None:
        before = self._loads
        act()

        def loaded() -> bool:
            # events come with answers
            self.call("Browser.getVersion")
            return self._loads > before

        wait_until(loaded, "the page to load")

    def _port(self, profile: Path) -> int:
        file, log = profile / "DevToolsActivePort", profile.with_suffix(".log")

        def written() -> str:
            assert self._process.poll() is None, log.read_text()
            return file.read_text().strip() if file.exists() else ""

        said = wait_until(written, lambda: f"the browser to start; its log:\n{log.read_text()}")
        return int(said.splitlines()[0])

    async def _connect(self, port: int) -> None:
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            targets = await answer.json()
        page = next(target for target in targets if target["type"] == "page")
        self._socket = await self._session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=PATIENCE_SECONDS)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        if event["method"] == "Page.loadEventFired":
            self._loads += 1
        elif event["method"] == "Log.entryAdded":
            self.messages.append(event["params"]["entry"]["text"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.messages.append(str(event["params"]["exceptionDetails"]))
