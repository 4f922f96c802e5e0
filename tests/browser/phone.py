"""A phone in the browser: own storage, own screen, and the few things that a thumb can do."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.chromium import BrowserError, Chromium

SEE_SECONDS = 30.0
POLL_SECONDS = 0.05
# Elements are named by data-testid; what is hidden cannot be touched.
FIND = """
const shown = (css) => [...document.querySelectorAll(css)]
  .filter((e) => e.getClientRects().length > 0);
const all = (id) => shown(`[data-testid="${id}"]`);
"""
# What the page has asked for and not been answered; an answer may move what is about to be touched.
COUNT = """
window.unanswered = 0;
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (...all) {
  window.unanswered += 1;
  this.addEventListener('loadend', () => { window.unanswered -= 1; });
  return send.apply(this, all);
};
"""


class Phone:
    """One person's phone; `width` and `height` are CSS pixels."""

    def __init__(self, browser: Chromium, width: int = 390, height: int = 844) -> None:
        self.browser = browser
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = browser.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = str(attached["sessionId"])
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=f"(() => {{ {COUNT} }})()")
        self.resize(width, height)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One protocol command to this phone's page."""
        return self.browser.call(method, self._session, **params)

    def resize(self, width: int, height: int = 844) -> None:
        """Give the phone another screen."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=True,
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=True)

    def open(self, url: str) -> None:
        """Load a page and wait for it: the browser forgets to answer when two loads overlap."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", url)

    def offline(self, away: bool) -> None:
        """Take the network away from the phone, or give it back."""
        self.call(
            "Network.emulateNetworkConditions",
            offline=away,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )

    def run(self, script: str) -> Any:
        """Value of a JavaScript expression in the page."""
        result = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise BrowserError(details.get("exception", details).get("description", str(details)))
        return result["result"].get("value")

    def wait(self, condition: str, what: str) -> Any:
        """Poll an expression (with `all(testid)` at hand) until it is true; return its value."""
        end = time.monotonic() + SEE_SECONDS
        while time.monotonic() < end:
            # A page that is just being replaced by the next one has nothing to look at.
            with contextlib.suppress(BrowserError):
                value = self.run(f"(() => {{ {FIND} return {condition}; }})()")
                if value:
                    return value
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"not on the screen in {SEE_SECONDS:.0f} s: {what}\n{self.screen()}")

    def screen(self) -> str:
        """All text on the screen."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def sees(self, text: str, testid: str | None = None) -> None:
        """Wait until the text stands on the screen, or within one of the named elements."""
        wanted = json.dumps(text, ensure_ascii=False)
        places = f"all({json.dumps(testid)})" if testid else "[document.body].filter(Boolean)"
        self.wait(f"{places}.some((e) => e.innerText.includes({wanted}))", f"{testid}: {text}")

    def shown(self, testid: str) -> int:
        """How many elements of this name are on the screen now."""
        return int(self.run(f"(() => {{ {FIND} return all({json.dumps(testid)}).length; }})()"))

    def tap(self, testid: str, within: str = "") -> None:
        """Touch the first shown element of this name, in the card that contains `within`.

        Waits until the page has its answers, it has stopped moving and nothing lies over it.
        """
        text = json.dumps(within, ensure_ascii=False)
        self._tap(f"all({json.dumps(testid)})", text, f"{testid} {within}")

    def tap_part(self, selector: str) -> None:
        """Touch a part of the platform's own, by its CSS selector."""
        self._tap(f"shown({json.dumps(selector)})", '""', selector)

    def _tap(self, found: str, text: str, what: str) -> None:
        inside = f"(!{text} || (e.closest('.card') || document.body).innerText.includes({text}))"
        condition = f"""(() => {{
          const e = {found}.find((e) => {inside} && !e.classList.contains('busy'));
          if (!e) return null;
          e.scrollIntoView({{block: 'center', behavior: 'instant'}});
          const r = e.getBoundingClientRect(), [x, y] = [r.x + r.width / 2, r.y + r.height / 2];
          const rests = e.at === `${{x}} ${{y}}` && e.contains(document.elementFromPoint(x, y));
          e.at = !window.unanswered && `${{x}} ${{y}}`;
          return rests && !window.unanswered && [x, y];
        }})()"""
        x, y = self.wait(condition, what)
        self._touch("touchStart", [{"x": x, "y": y}])
        self._touch("touchEnd", [])

    def _touch(self, kind: str, points: list[dict[str, float]]) -> None:
        self.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def fill(self, testid: str, text: str, within: str = "") -> None:
        """Write into the input or text area of this name, replacing what was there."""
        self.tap(testid, within)
        select = "document.activeElement && document.activeElement.select"
        self.wait(f"{select} && (document.activeElement.select(), true)", f"cursor in {testid}")
        self.call("Input.insertText", text=text)

    def choose_file(self, path: Path, action: Callable[[], None]) -> None:
        """Choose a file in the window that the page opens by doing something."""
        self.call("Page.setInterceptFileChooserDialog", enabled=True)
        action()
        asked = "document.querySelector('input[type=file]')"
        self.wait(f"!!{asked}", "the page asks for a file")
        field = self.call("Runtime.evaluate", expression=asked)["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], objectId=field)

    def lose_answer(self, path: str, action: Callable[[], None]) -> None:
        """Do something whose request reaches the service, and whose answer gets lost."""
        pattern = {"urlPattern": f"*{path}", "requestStage": "Response"}
        self.call("Fetch.enable", patterns=[pattern])
        action()
        self.wait_event("Fetch.requestPaused")
        paused = self.browser.events(self._session, "Fetch.requestPaused")[-1]["requestId"]
        self.call("Fetch.failRequest", requestId=paused, errorReason="ConnectionReset")
        self.call("Fetch.disable")

    def wait_event(self, method: str) -> None:
        """Wait until the page has sent an event of this name."""
        end = time.monotonic() + SEE_SECONDS
        while not self.browser.events(self._session, method):
            assert time.monotonic() < end, f"no {method}"
            self.run("null")
            time.sleep(POLL_SECONDS)

    def requested(self) -> list[str]:
        """Every address that this phone has asked for."""
        events = self.browser.events(self._session, "Network.requestWillBeSent")
        return [str(event["request"]["url"]) for event in events]

    def complaints(self) -> list[str]:
        """Errors that scripts threw in the page."""
        thrown = self.browser.events(self._session, "Runtime.exceptionThrown")
        return [str(event["exceptionDetails"]) for event in thrown]

    def picture(self, path: Path) -> None:
        """Save the whole page as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(data["data"]))
