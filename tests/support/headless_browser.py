"""A browser without a window, driven over its debugging pipe: pages from disk, measured, photographed and printed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
    "--hide-scrollbars", "--force-device-scale-factor=1",
)  # fmt: skip


class Page:
    """One page of the browser; `evaluate` gives what an expression of the page is worth."""

    def __init__(self, program: str, folder: str) -> None:
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def place_pipes() -> None:
            os.dup2(to_browser, 13)
            os.dup2(from_browser, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place_pipes,
            pass_fds=(3, 4, to_browser, from_browser),
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number = 0
        self._session: str | None = None
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._out)
        self._process.kill()
        self._process.wait()
        os.close(self._in)

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """The result of a command of the DevTools protocol; AssertionError where the browser refuses it."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": values}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])
            self._events.append(answer)

    def _next_message(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._in, 1 << 20)
            assert part, "the browser ended"
            self._buffer += part
        head, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(head))

    def open(
        self, file: Path, *, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True
    ) -> None:
        """Show a file at a size; on a narrow screen as a telephone does."""
        self._events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        address = file.as_uri() if isinstance(file, Path) else str(file)
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._next_message())

    def go(self, fragment: str) -> None:
        """Follow a link within the page."""
        self.evaluate(f"location.hash = {json.dumps(fragment)}; new Promise(done => setTimeout(done, 50))")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def complaints(self) -> list[str]:
        """What the browser's console and log have said of the page."""
        texts = []
        for event in self._events:
            if event.get("method") == "Log.entryAdded":
                texts.append(str(event["params"]["entry"]["text"]))
            elif event.get("method") in ("Runtime.exceptionThrown", "Page.javascriptDialogOpening"):
                texts.append(str(event["params"]))
        return texts

    def photograph(self, file: Path, *, whole: bool = False) -> None:
        """Write the page as PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))

    def print_pdf(self) -> bytes:
        """The page on A4 paper."""
        result = self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True)
        return base64.b64decode(result["data"])


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of a browser of its own."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Page(CHROMIUM, folder) as page:
        yield page
