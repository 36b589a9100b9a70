"""A headless Chromium for looking at pages: WebDriver's own HTTP protocol, as little as needed."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
PATIENCE = 15.0  # seconds for a page, an element or the browser to appear
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver, "web element identifier"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--password-store=basic",  # never a keyring of this machine
    "--disable-dev-shm-usage",  # a container's /dev/shm is small
    "--no-proxy-server",
    "--window-size=1000,900",
)


def missing() -> str:
    """Why there is no browser here; empty when there is one."""
    absent = [path for path in (CHROMIUM, DRIVER) if not os.access(path, os.X_OK)]
    return f"no {' and no '.join(absent)} on this machine" if absent else ""


class BrowserProblem(Exception):
    """The browser refuses or does not answer."""


class Browser:
    """One window. ``quit`` it, or use :func:`browser`."""

    def __init__(self, driver: subprocess.Popen[bytes], http: httpx.Client, session: str) -> None:
        self._driver, self._http, self._session = driver, http, session

    def open(self, url: str) -> None:
        """Go there and wait until it is loaded; a page that refuses to load is no error."""
        try:
            self._ask("POST", "/url", {"url": url})
        except BrowserProblem as problem:
            if "net::ERR_" not in str(problem):
                raise

    def text(self) -> str:
        """What a person can read on the page."""
        return str(self._ask("GET", f"/element/{self._find('body')}/text"))

    def url(self) -> str:
        """The address in the address bar."""
        return str(self._ask("GET", "/url"))

    def click(self, css: str) -> None:
        """Click the first element of a CSS selector; waits for what that loads."""
        self._ask("POST", f"/element/{self._find(css)}/click", {})

    def count(self, css: str) -> int:
        """How many elements there are."""
        found = self._ask("POST", "/elements", {"using": "css selector", "value": css})
        return len(found)

    def wait_for_url(self, start: str) -> str:
        """Wait until the address starts so; the whole address."""
        return _until(lambda: self.url() if self.url().startswith(start) else None, self.url)

    def console(self) -> list[str]:
        """What the browser complained of since the last call, such as a policy it enforced."""
        entries = self._ask("POST", "/se/log", {"type": "browser"})
        return [str(entry["message"]) for entry in entries]

    def screenshot(self, path: Path) -> None:
        """A PNG of the window."""
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def quit(self) -> None:
        """Close the window and end both processes."""
        with contextlib.suppress(BrowserProblem, httpx.HTTPError):
            self._ask("DELETE", "")
        self._http.close()
        _end(self._driver)

    def _find(self, css: str) -> str:
        def found() -> str | None:
            try:
                found = self._ask("POST", "/element", {"using": "css selector", "value": css})
            except BrowserProblem:
                return None
            return str(found[_ELEMENT])

        return _until(found, lambda: f"no {css} on {self.url()}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return _value(self._http.request(method, f"/session/{self._session}{path}", json=body))


def start(profile: Path, *, accept_insecure_certs: bool = False) -> Browser:
    """Start a browser with an empty ``profile`` folder of its own."""
    driver = subprocess.Popen(
        [DRIVER, "--port=0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"HOME": str(profile)},
    )
    http = None
    try:
        http = httpx.Client(base_url=_listening(driver), timeout=30, trust_env=False)
        asked = {
            "acceptInsecureCerts": accept_insecure_certs,
            "goog:chromeOptions": {
                "binary": CHROMIUM,
                "args": [*_FLAGS, f"--user-data-dir={profile}"],
            },
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"pageLoad": int(PATIENCE * 1000)},
        }
        body = {"capabilities": {"alwaysMatch": asked}}
        session = _value(http.post("/session", json=body))["sessionId"]
        return Browser(driver, http, session)
    except BaseException:
        if http is not None:
            http.close()
        _end(driver)
        raise


@contextlib.contextmanager
def browser(*, accept_insecure_certs: bool = False) -> Iterator[Browser]:
    """A browser for a ``with`` block, its profile deleted afterwards."""
    profile = tempfile.mkdtemp(prefix="panelist-chromium-")
    try:
        opened = start(Path(profile), accept_insecure_certs=accept_insecure_certs)
        try:
            yield opened
        finally:
            opened.quit()
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def _listening(driver: subprocess.Popen[bytes]) -> str:
    """Where chromedriver listens: it picks a free port and prints it."""
    assert driver.stdout is not None
    for line in driver.stdout:
        _, mark, port = line.partition(b"started successfully on port ")
        if mark:
            return f"http://127.0.0.1:{int(port.strip().rstrip(b'.'))}"
    raise BrowserProblem("chromedriver ended without listening")


def _value(answer: httpx.Response) -> Any:
    value = answer.json()["value"]
    if answer.status_code != 200:
        raise BrowserProblem(f"{value['error']}: {value['message']}")
    return value


def _until(attempt: Callable[[], str | None], explain: Callable[[], str]) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = attempt()
        if found is not None:
            return found
        time.sleep(0.02)  # the driver is asked; it tells nothing by itself
    raise BrowserProblem(f"nothing came of it in {PATIENCE:g} s: {explain()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
