"""What an administrator sets holds, is shown as theirs, and can't be changed: by the browsers' own files."""

import json
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from browsers import BROWSERS, EXTENSION, Browser, eventually
from browsers.chromium import find_chromium
from companion import Companion
from pairing import finish_pairing, open_welcome, tone

from conftest import start_browser

MANIFEST = json.loads((EXTENSION / "manifest.json").read_text(encoding="utf-8"))
CHROMIUM_ID = "cpfpjngamlajmdagjkpfeifohcnkagni"  # follows from the manifest's key
FIREFOX_ID = MANIFEST["browser_specific_settings"]["gecko"]["id"]


def policy_for(companion: Companion) -> dict[str, object]:
    return {"sites": ["x"], "sitesOnly": True, "action": "blur", "corner": "bottom-right", "port": companion.port}


def chromium_with(folder: Path, policy: dict[str, object]) -> dict[str, str]:
    """Chromium reads one folder of the whole machine; it gets a machine of its own, as far as /etc/chromium goes."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if not Path("/etc/chromium").is_dir() or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no namespace in which /etc/chromium could be another folder")
    document = {"3rdparty": {"extensions": {CHROMIUM_ID: policy}}}
    (folder / "policies/managed").mkdir(parents=True)
    (folder / "policies/managed/tests.json").write_text(json.dumps(document), encoding="utf-8")
    script = folder / "chromium"
    inside = f'mount --bind "{folder}" /etc/chromium && exec "{find_chromium()}" "$@"'
    script.write_text(f"#!/bin/sh\nexec {' '.join(unshare)} sh -c '{inside}' chromium \"$@\"\n", encoding="utf-8")
    script.chmod(0o755)
    return {"NATURALTRACE_CHROMIUM": str(script)}


def firefox_with(folder: Path, policy: dict[str, object]) -> dict[str, str]:
    """Firefox reads a manifest in the home folder."""
    place = folder / ".mozilla/managed-storage"
    place.mkdir(parents=True)
    manifest = {"name": FIREFOX_ID, "description": "tests", "type": "storage", "data": policy}
    (place / f"{FIREFOX_ID}.json").write_text(json.dumps(manifest), encoding="utf-8")
    return {"HOME": str(folder)}


@pytest.fixture(params=BROWSERS)
def managed(request: pytest.FixtureRequest, companion: Companion, tmp_path: Path) -> Generator[Browser]:
    """A browser whose administrator has set a policy."""
    make = {"chromium": chromium_with, "firefox": firefox_with}[request.param]
    changes = make(tmp_path, policy_for(companion))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changes.items():
            patch.setenv(name, value)
        started = start_browser(request.param)
    with started:
        yield started


def test_what_is_set_holds_and_is_shown_as_the_organisations(managed: Browser, companion: Companion) -> None:
    page = open_welcome(managed)
    # Found without anybody having typed where: tests never use the usual ports.
    eventually(lambda: tone(page, "companion") == "good", "the companion on the port that was set")
    finish_pairing(page, companion)
    options = managed.open_extension("options/options.html")
    eventually(lambda: options.evaluate("document.querySelectorAll('#sites li').length") > 10, "the options")
    eventually(lambda: options.evaluate("document.querySelector('#action').value") == "blur", "what was set")
    assert options.evaluate("document.querySelector('#corner').value") == "bottom-right"
    assert options.evaluate("['action', 'corner'].every(id => document.getElementById(id).disabled)")
    assert not options.evaluate("document.querySelector('#actOn').disabled")
    row = "[...document.querySelectorAll('#sites li')].find(li => li.textContent.trim().startsWith('{}'))".format
    assert "Set by your organisation" in options.evaluate(f"{row('X')}.textContent")
    # Its own site can be permitted, others can't be turned on.
    assert not options.evaluate(f"{row('X')}.querySelector('input').disabled")
    assert options.evaluate(f"{row('Reddit')}.querySelector('input').disabled")
    options.close()
