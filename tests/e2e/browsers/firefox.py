"""Firefox through WebDriver BiDi, with the extension installed for the session.

No geckodriver: Firefox speaks the protocol itself. System access lets the driver reach the browser's own window, and
with it the real context menu.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .bidi import Bidi, BidiError
from .page import BADGE_LOOKS, EXTENSION, BadgeSeen, BrowserMissing, Key, Scheme, Shortcut, keys_of
from .process import BrowserProcess
from .waiting import eventually

_NAMES = ("firefox-esr", "firefox")
_UUID = "5f2c1d6e-6f0b-4f4f-9a51-6e61747472ac"
_KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "ArrowLeft": "\ue012", "ArrowRight": "\ue014"}

# No first-run pages, no lookups outside, a fixed address for the extension's pages.
_PREFS: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "extensions.webextOptionalPermissionPrompts": False,
    "geo.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "security.cert_pinning.enforcement_level": 0,  # of well-known sites, whose names the tests' own server bears
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "ui.prefersReducedMotion": 0,
}

Node = dict[str, Any]


def find_firefox() -> str:
    """The executable; NATURALTRACE_FIREFOX names another one."""
    for name in (os.environ.get("NATURALTRACE_FIREFOX", ""), *_NAMES):
        if name and (path := shutil.which(name)):
            return path
    raise BrowserMissing(f"Firefox is not installed (looked for {', '.join(_NAMES)})")


class FirefoxPage:
    """A tab, or the panel's frame inside one (`framed`), which moves as it grows: there, the element clicks itself."""

    def __init__(self, browser: FirefoxBrowser, context: str, *, framed: bool = False) -> None:
        self._framed = framed
        self._browser = browser
        self._bidi = browser.bidi
        self.context = context

    def goto(self, url: str) -> None:
        self._bidi.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        return self._bidi.evaluate(self.context, expression, user_gesture=True)

    def click(self, selector: str) -> None:
        if self._framed:
            self.evaluate(f"void document.querySelector({json.dumps(selector)}).click()")
            return
        self._click_at(self._centre(selector), button=0)

    def type(self, selector: str, text: str) -> None:
        self.evaluate(f"(e => {{ e.focus(); e.select?.(); }})(document.querySelector({json.dumps(selector)}))")
        actions = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        self._perform([{"type": "key", "id": "keys", "actions": actions}])

    def press(self, key: Key) -> None:
        actions = [{"type": kind, "value": _KEYS[key]} for kind in ("keyDown", "keyUp")]
        try:
            self._perform([{"type": "key", "id": "keys", "actions": actions}])
        except BidiError as error:
            # The key may have closed what it was pressed in.
            if "no such frame" not in str(error):
                raise

    def shortcut(self, shortcut: Shortcut) -> None:
        # Keys of the protocol go to the page, past the browser's own; its key for the extension is found and pressed.
        key = f"document.querySelector('keyset[id^=ext-keyset] key[modifiers=\"alt,shift\"][key={keys_of(shortcut)}]')"
        self._bidi.evaluate(self._browser.chrome_context(), f"({key}.doCommand(), true)")

    def bring_to_front(self) -> None:
        self._bidi.command("browsingContext.activate", context=self.context)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        origin = "document" if whole else "viewport"
        shot = self._bidi.command("browsingContext.captureScreenshot", context=self.context, origin=origin)
        path.write_bytes(base64.b64decode(shot["data"]))

    def badges(self) -> list[BadgeSeen]:
        return [seen for seen, _ in self._badges()]

    def click_badge(self, index: int = 0) -> None:
        x, y, width, height = self._badges()[index][0].box
        self._click_at((x + width / 2, y + height / 2), button=0)

    def check_from_menu(self, selector: str) -> None:
        self.bring_to_front()
        self._click_at(self._centre(selector), button=2)
        label = self._browser.menu_label
        # The real menu, in the browser's own window.
        find = f"""(() => {{
            const menu = document.getElementById('contentAreaContextMenu');
            const items = menu.state === 'open' ? [...menu.querySelectorAll('menuitem')] : [];
            return items.find(item => item.label === {json.dumps(label)} && !item.hidden);
        }})()"""
        choose = "(item => { document.getElementById('contentAreaContextMenu').activateItem(item); return true })"
        chrome = self._browser.chrome_context()
        eventually(lambda: self._bidi.evaluate(chrome, f"!!{find}"), f"the menu item “{label}”")
        self._bidi.evaluate(chrome, f"{choose}({find})")
        # Or else the next right click would find this menu, still closing.
        closed = "document.getElementById('contentAreaContextMenu').state === 'closed'"
        eventually(lambda: self._bidi.evaluate(chrome, closed), "the menu to close")

    def panel(self) -> FirefoxPage | None:
        tree = self._bidi.command("browsingContext.getTree", root=self.context)["contexts"][0]
        for child in tree.get("children") or ():
            if child["url"].startswith(f"moz-extension://{_UUID}/panel/"):
                return FirefoxPage(self._browser, child["context"], framed=True)
        return None

    def close(self) -> None:
        self._bidi.command("browsingContext.close", context=self.context)

    def _centre(self, selector: str) -> tuple[float, float]:
        box = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect();"
            f" return [b.x + b.width / 2, b.y + b.height / 2] }})(document.querySelector({json.dumps(selector)}))"
        )
        return box[0], box[1]

    def _click_at(self, place: tuple[float, float], button: int) -> None:
        actions = [
            {"type": "pointerMove", "x": round(place[0]), "y": round(place[1])},
            {"type": "pointerDown", "button": button},
            {"type": "pointerUp", "button": button},
        ]
        self._perform([{"type": "pointer", "id": "mouse", "actions": actions}])

    def _perform(self, actions: list[dict[str, Any]]) -> None:
        self._bidi.command("input.performActions", context=self.context, actions=actions)

    def _badges(self) -> list[tuple[BadgeSeen, str]]:
        result = self._bidi.command(
            "script.evaluate",
            expression="[...document.querySelectorAll('naturaltrace-badge')]",
            target={"context": self.context},
            awaitPromise=False,
            serializationOptions={"includeShadowTree": "all", "maxDomDepth": 4, "maxObjectDepth": 2},
        )
        found: list[tuple[BadgeSeen, str]] = []
        hosts: list[Node] = result["result"].get("value", [])
        for host in hosts:
            children: list[Node] = _inside(host, "value", "shadowRoot", "value").get("children", [])
            buttons = (c for c in children if c["value"].get("localName") == "button")
            found += [(seen, c["sharedId"]) for c in buttons if (seen := self._seen(c)) is not None]
        return found

    def _seen(self, button: dict[str, Any]) -> BadgeSeen | None:
        """None where the page took it away since its tree was read, as a feed does that goes on being scrolled."""
        attributes: dict[str, str] = button["value"].get("attributes", {})
        try:
            measured = self._bidi.command(
                "script.callFunction",
                functionDeclaration=f"button => JSON.stringify(({BADGE_LOOKS})(button))",
                arguments=[{"sharedId": button["sharedId"]}],
                target={"context": self.context},
                awaitPromise=False,
            )
        except BidiError as error:
            if "no such node" in str(error) or "stale element" in str(error):
                return None
            raise
        return BadgeSeen.of(attributes, json.loads(measured["result"]["value"]))


def _inside(node: Node, *keys: str) -> Node:
    """What is at the end of these keys; empty where one of them is missing."""
    for key in keys:
        node = node.get(key) or {}
    return node


class FirefoxBrowser:
    name = "firefox"

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
        executable = find_firefox()
        manifest = json.loads((extension / "manifest.json").read_text(encoding="utf-8"))
        messages = json.loads((extension / "_locales/en/messages.json").read_text(encoding="utf-8"))
        self.menu_label: str = messages["menu_check"]["message"]
        self._process = BrowserProcess(self.name)
        self._size = (1280, 800)
        self._headless = headless
        self._gecko_id: str = manifest["browser_specific_settings"]["gecko"]["id"]
        prefs = {
            **_PREFS,
            "intl.locale.requested": language,
            "extensions.webextensions.uuids": json.dumps({self._gecko_id: _UUID}),
        }
        if web_port is not None:
            prefs |= {"network.dns.forceResolve": "127.0.0.1", "network.socket.forcePort": f"443={web_port}"}
        user_js = "".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in prefs.items())
        (self._process.profile / "user.js").write_text(user_js, encoding="utf-8")
        command = [executable, "--no-remote", "--profile", str(self._process.profile)]
        command += ["--headless"] if headless else []
        command += ["--remote-debugging-port", "0", "--remote-allow-system-access", "about:blank"]
        env = {**os.environ, "MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "900"}
        try:
            address = self._process.start(command, r"WebDriver BiDi listening on (ws://\S+)", env)
            self.bidi = Bidi(address, any_certificate=trust is None)
            if trust is not None:
                self._believe(trust)
            self.bidi.command(
                "webExtension.install",
                extensionData={"type": "path", "path": str(extension)},
                **{"moz:allowPrivateBrowsing": private},
            )
        except BaseException:
            self._process.stop()
            raise

    def _believe(self, certificate: Path) -> None:
        """As an administrator's policy does: an authority of one's own."""
        plain = "".join(line for line in certificate.read_text("ascii").splitlines() if "-----" not in line)
        database = "Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB)"
        self.bidi.evaluate(self.chrome_context(), f"({database}.addCertFromBase64('{plain}', 'CTu,,'), true)")

    def chrome_context(self) -> str:
        """The browser's own window."""
        return self.bidi.command("browsingContext.getTree", **{"moz:scope": "chrome"})["contexts"][0]["context"]

    def open(self, url: str) -> FirefoxPage:
        context = self.bidi.command("browsingContext.create", type="tab")["context"]
        if self._headless:  # a window that a person looks at keeps its own size
            self.bidi.command(
                "browsingContext.setViewport",
                context=context,
                viewport={"width": self._size[0], "height": self._size[1]},
            )
        page = FirefoxPage(self, context)
        page.goto(url)
        return page

    def open_private(self, url: str) -> FirefoxPage:
        helper = self.open_extension("options/options.html")
        helper.evaluate(f"browser.windows.create({{incognito: true, url: {json.dumps(url)}}}).then(() => true)")

        def look() -> str | None:
            contexts = self.bidi.command("browsingContext.getTree", maxDepth=0)["contexts"]
            return next((c["context"] for c in contexts if c["url"] == url), None)

        page = FirefoxPage(self, eventually(look, "the private window's page"))
        helper.close()
        eventually(lambda: page.evaluate("document.readyState") == "complete", f"{url} to load")
        return page

    def reload_extension(self) -> None:
        addon = f"AddonManager.getAddonByID({json.dumps(self._gecko_id)})"
        manager = "const {AddonManager} = ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs');"
        reload = f"(async () => {{ {manager} await (await {addon}).reload(); return true }})()"
        self.bidi.evaluate(self.chrome_context(), reload)

    def open_extension(self, path: str) -> FirefoxPage:
        return self.open(f"moz-extension://{_UUID}/{path}")

    def set_scheme(self, scheme: Scheme) -> None:
        self.set_preference("layout.css.prefers-color-scheme.content-override", {"dark": 0, "light": 1}[scheme])

    def set_preference(self, name: str, value: bool | int) -> None:
        """Set one of the browser's preferences, as on about:config."""
        kind = "Bool" if isinstance(value, bool) else "Int"
        self.bidi.evaluate(
            self.chrome_context(), f"Services.prefs.set{kind}Pref({json.dumps(name)}, {json.dumps(value)})"
        )

    def force_colours(self, on: bool) -> None:
        self.set_preference("browser.display.document_color_use", 2 if on else 0)

    def resize(self, width: int, height: int) -> None:
        self._size = (width, height)

    def wait_closed(self) -> None:
        self._process.wait()

    def close(self) -> None:
        self.bidi.close()
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
