"""Chromium through its DevTools protocol, with the extension loaded unpacked.

The protocol sees through the badge's closed root and into the panel's frame, neither of which a page can do.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .cdp import Cdp, CdpError
from .page import BADGE_LOOKS, EXTENSION, BadgeSeen, BrowserMissing, Key, Scheme, Shortcut, keys_of
from .process import BrowserProcess
from .waiting import eventually

_NAMES = ("chromium", "chromium-browser", "google-chrome-for-testing")
_FLAGS = (
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-sandbox",  # containers run as root; only our own pages are opened
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--disable-features=OptimizationHints,MediaRouter,Translate,DialMediaRouteProvider,CalculateNativeWinOcclusion",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--window-size=1280,900",
)
_KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "ArrowLeft": (37, ""), "ArrowRight": (39, "")}
Node = dict[str, Any]


def find_chromium() -> str:
    """The executable; NATURALTRACE_CHROMIUM names another one. Branded Chrome no longer loads unpacked extensions."""
    for name in (os.environ.get("NATURALTRACE_CHROMIUM", ""), *_NAMES):
        if name and (path := shutil.which(name)):
            return path
    raise BrowserMissing(f"Chromium is not installed (looked for {', '.join(_NAMES)})")


class ChromiumPage:
    """A tab, or the panel's frame inside one: then `owner` is the tab, whose window gets keys and clicks."""

    def __init__(self, browser: ChromiumBrowser, target: str, owner: ChromiumPage | None = None) -> None:
        self._browser = browser
        self._cdp = browser.cdp
        self.target = target
        self._session = self._cdp.attach(target)
        self._owner = owner

    def goto(self, url: str) -> None:
        self.send("Page.navigate", url=url)
        eventually(lambda: self._arrived(url), f"{url} to load")

    def _arrived(self, url: str) -> bool:
        try:
            here, state = self.evaluate("[location.href, document.readyState]")
        except CdpError:  # the document is being exchanged
            return False
        return state == "complete" and here.split("#")[0] == url.split("#")[0]

    def evaluate(self, expression: str) -> Any:
        return self._cdp.evaluate(self._session, expression)

    def click(self, selector: str) -> None:
        if self._owner is not None:
            self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")
            return
        box = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2] }})(document.querySelector({json.dumps(selector)}))"
        )
        self._click_at(box[0], box[1])

    def type(self, selector: str, text: str) -> None:
        self.evaluate(f"(e => {{ e.focus(); e.select?.(); }})(document.querySelector({json.dumps(selector)}))")
        self.send("Input.insertText", text=text)

    def press(self, key: Key) -> None:
        code, text = _KEYS[key]
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        # The key may close the panel that it is pressed in, and then nobody answers, to the first half or the second.
        if self._owner is None:
            self.send("Input.dispatchKeyEvent", type="keyDown", **event)
        else:
            self._cdp.post("Input.dispatchKeyEvent", self._session, type="keyDown", **event)
        self._cdp.post("Input.dispatchKeyEvent", self._session, type="keyUp", **event)

    def shortcut(self, shortcut: Shortcut) -> None:
        letter = keys_of(shortcut)
        # 1 is Alt, 8 is Shift.
        keys = {"key": letter, "code": f"Key{letter}", "windowsVirtualKeyCode": ord(letter), "modifiers": 1 | 8}
        keys["nativeVirtualKeyCode"] = ord(letter)  # the browser's own keys are found by this one
        # As in `press`: what closes the panel with the focus in it may get no answer.
        for kind in ("rawKeyDown", "keyUp"):
            self._cdp.post("Input.dispatchKeyEvent", self._session, type=kind, **keys)

    def bring_to_front(self) -> None:
        self.send("Page.bringToFront")

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        self.bring_to_front()
        clip: dict[str, Any] = {}
        if whole:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True, "clip": {**size, "scale": 1}}
        shot = self.send("Page.captureScreenshot", format="png", **clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def badges(self) -> list[BadgeSeen]:
        seen = (self._seen(button) for button in self._buttons())
        return [badge for badge in seen if badge is not None]

    def click_badge(self, index: int = 0) -> None:
        x, y, width, height = self.badges()[index].box
        self._click_at(x + width / 2, y + height / 2)

    def check_from_menu(self, selector: str) -> None:
        # A headless Chromium has no menu to click; its binding hands the event to the extension's real listener. What a
        # menu has no address for is found under the pointer.
        self.bring_to_front()
        found = f"document.querySelector({json.dumps(selector)})"
        x, y = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2] }})({found})"
        )
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        url = self.evaluate(f"(e => (e.shadowRoot?.querySelector('img') ?? e).currentSrc ?? '')({found})")
        info = {
            "menuItemId": "check-image",
            "srcUrl": url,
            "frameId": 0,
            "pageUrl": self.evaluate("location.href"),
            "editable": False,
        }
        self._browser.worker_evaluate(
            "chrome.tabs.query({active: true, lastFocusedWindow: true}).then(([tab]) =>"
            f" {{ chrome.contextMenus.onClicked.dispatch({json.dumps(info)}, tab); }})"
        )

    def panel(self) -> ChromiumPage | None:
        start = f"chrome-extension://{self._browser.id}/panel/"
        for target in self._cdp.targets():
            if target["type"] == "iframe" and target["url"].startswith(start):
                # Between the list and the attaching a frame may move into a process of its own, under another id.
                with contextlib.suppress(CdpError):
                    return ChromiumPage(self._browser, target["targetId"], owner=self)
        return None

    def close(self) -> None:
        self._cdp.command("Target.closeTarget", targetId=self.target)

    def emulate(self, scheme: Scheme, size: tuple[int, int] | None, *, forced: bool = False) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        features += [{"name": "forced-colors", "value": "active"}] if forced else []
        self.send("Emulation.setEmulatedMedia", features=features)
        if size is not None:
            width, height = size
            self.send(
                "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
            )

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol to this page."""
        return self._cdp.command(method, self._session, **parameters)

    def stop_trace(self) -> list[Node]:
        """End a trace that `Tracing.start` began; its events, in the Trace Event Format."""
        parts = self._cdp.gather(
            "Tracing.end", self._session, event="Tracing.dataCollected", until="Tracing.tracingComplete"
        )
        return [event for part in parts for event in part["value"]]

    def _click_at(self, x: float, y: float) -> None:
        for kind, buttons in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
            button = "none" if kind == "mouseMoved" else "left"
            self.send(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button=button,
                buttons=buttons,
                clickCount=bool(button) * 1,
            )

    def _buttons(self) -> list[Node]:
        tree = self.send("DOM.getDocument", depth=-1, pierce=True)["root"]
        hosts = [node for node in _walk(tree) if node.get("nodeName") == "NATURALTRACE-BADGE"]
        return [node for host in hosts for node in _walk(host) if node.get("nodeName") == "BUTTON"]

    def _seen(self, button: Node) -> BadgeSeen | None:
        """None where the page took it away since its tree was read, as a feed does that goes on being scrolled."""
        names = cast(list[str], button.get("attributes", []))
        attributes = dict(zip(names[::2], names[1::2], strict=True))
        try:
            found = self.send("DOM.resolveNode", backendNodeId=button["backendNodeId"])["object"]["objectId"]
        except CdpError as error:
            if "No node" in str(error):
                return None
            raise
        measured = self.send(
            "Runtime.callFunctionOn",
            objectId=found,
            returnByValue=True,
            functionDeclaration=f"function () {{ return ({BADGE_LOOKS})(this) }}",
        )["result"]["value"]
        return BadgeSeen.of(attributes, measured)


class ChromiumBrowser:
    name = "chromium"

    def __init__(
        self,
        extension: Path = EXTENSION,
        *,
        headless: bool = True,
        language: str = "en-US",
        web_port: int | None = None,
        private: bool = False,
        trust: Path | None = None,
    ) -> None:
        executable = find_chromium()
        self._process = BrowserProcess(self.name)
        if web_port is not None or trust is not None:
            extension = _with_web_permission(extension, self._process.profile / "extension")
        self._scheme: Scheme = "light"
        self._forced = False
        self._headless = headless
        self._size = (1280, 800)
        command = [executable, *_FLAGS, f"--user-data-dir={self._process.profile}", f"--lang={language}"]
        command += [f"--disable-extensions-except={extension}", f"--load-extension={extension}"]
        command += ["--headless=new"] if headless else []
        if web_port is not None:
            rules = f"MAP * 127.0.0.1:{web_port}, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2, EXCLUDE localhost"
            command += [f"--host-resolver-rules={rules}", "--ignore-certificate-errors"]
        if trust is not None:
            command += [f"--ignore-certificate-errors-spki-list={key_mark(trust)}"]
        # Chromium on Linux takes its language from the environment, not from --lang.
        env = {**os.environ, "LANGUAGE": language.replace("-", "_")}
        try:
            address = self._process.start([*command, "about:blank"], r"DevTools listening on (ws://\S+)", env)
            self.cdp = Cdp(address)
            self.id: str = eventually(self._find_worker, "the extension's service worker")["url"].split("/")[2]
            if private:
                self._allow_in_private_windows()
        except BaseException:
            self._process.stop()
            raise

    def _find_worker(self) -> Node | None:
        for target in self.cdp.targets():
            if target["type"] == "service_worker" and target["url"].startswith("chrome-extension://"):
                return target
        return None

    def worker_evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the extension's service worker."""
        target = eventually(self._find_worker, "the extension's service worker")
        session = self.cdp.attach(target["targetId"])
        try:
            # A worker that has just been woken is there before its extension's interfaces are.
            eventually(lambda: self.cdp.evaluate(session, "typeof chrome") == "object", "the worker to be ready")
            return self.cdp.evaluate(session, expression)
        finally:
            self.cdp.command("Target.detachFromTarget", sessionId=session)

    def open(self, url: str) -> ChromiumPage:
        page = ChromiumPage(self, self.cdp.command("Target.createTarget", url="about:blank")["targetId"])
        # A window that a person looks at keeps its own size.
        page.emulate(self._scheme, self._size if self._headless else None, forced=self._forced)
        page.goto(url)
        return page

    def open_private(self, url: str) -> ChromiumPage:
        self.worker_evaluate(f"chrome.windows.create({{incognito: true, url: {json.dumps(url)}}}).then(() => true)")

        def look() -> str | None:
            pages = (t for t in self.cdp.targets() if t["type"] == "page" and t["url"] == url)
            return next((t["targetId"] for t in pages), None)

        page = ChromiumPage(self, eventually(look, "the private window's page"))
        page.emulate(self._scheme, self._size if self._headless else None)
        eventually(lambda: page.evaluate("document.readyState") == "complete", f"{url} to load")
        return page

    def _allow_in_private_windows(self) -> None:
        """As the user does on chrome://extensions. The browser loads the extension anew then."""
        page = self.open("chrome://extensions/")
        old = eventually(self._find_worker, "the extension's service worker")["targetId"]
        page.evaluate("chrome.developerPrivate.updateProfileConfiguration({inDeveloperMode: true}).then(() => true)")
        update = f"{{extensionId: '{self.id}', incognitoAccess: true}}"
        page.evaluate(f"chrome.developerPrivate.updateExtensionConfiguration({update}).then(() => true)")
        page.close()
        allowed = "chrome.extension.isAllowedIncognitoAccess()"

        def look() -> bool:
            # The old one, on its way out, may take a question and never answer it.
            if (self._find_worker() or {"targetId": old})["targetId"] == old:
                return False
            try:
                return self.worker_evaluate(allowed)
            except CdpError:  # the new one is not there yet
                return False

        eventually(look, "the extension to be allowed in private windows")

    def reload_extension(self) -> None:
        page = self.open("chrome://extensions/")
        old = (self._find_worker() or {}).get("targetId")
        page.evaluate("chrome.developerPrivate.updateProfileConfiguration({inDeveloperMode: true}).then(() => true)")
        page.evaluate(f"chrome.developerPrivate.reload('{self.id}', {{failQuietly: true}}).then(() => true)")
        page.close()
        eventually(lambda: (self._find_worker() or {"targetId": old})["targetId"] != old, "the extension to be back")

    def open_extension(self, path: str) -> ChromiumPage:
        return self.open(f"chrome-extension://{self.id}/{path}")

    def set_scheme(self, scheme: Scheme) -> None:
        self._scheme = scheme

    def force_colours(self, on: bool) -> None:
        self._forced = on

    def resize(self, width: int, height: int) -> None:
        self._size = (width, height)

    def wait_closed(self) -> None:
        self._process.wait()

    def close(self) -> None:
        self.cdp.close()
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _with_web_permission(extension: Path, copy: Path) -> Path:
    """A copy that has been granted the whole web: a headless Chromium shows no prompt in which one could say yes.
    That the prompt is shown, and what a no does, is tested in a window (test_permissions.py)."""
    shutil.copytree(extension, copy)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["host_permissions"] += [p for p in manifest["optional_host_permissions"] if p.startswith("https:")]
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return copy


def key_mark(certificate: Path) -> str:
    """What Chromium knows a certificate's key by: the SHA-256 of its public part, in base64."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def _walk(node: Node) -> Generator[Node]:
    yield node
    for key in ("children", "shadowRoots"):
        for child in node.get(key, ()):
            yield from _walk(child)
    if "contentDocument" in node:
        yield from _walk(node["contentDocument"])
