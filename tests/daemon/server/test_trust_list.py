"""The trust list in the settings: shown, replaced by a file, taken back, and in force at once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from naturaltrace.pipeline import Pipeline
from naturaltrace.provenance import trust
from naturaltrace.storage.paths import DataFolder
from naturaltrace.verdicts.fusion import judge
from tests.daemon.programs import naturaltrace, running
from tests.daemon.provenance import files
from tests.daemon.provenance.authority import Authority, created, sign
from tests.daemon.serving import Served, serving
from tests.daemon.stand_in import StandInDetector, StandInReader
from tests.needs import needs, needs_program

BUNDLED = trust.bundled()


async def listed(served: Served, method: str = "GET", body: bytes | None = None, name: str = "") -> dict[str, object]:
    query = {"name": name} if name else None
    url = f"{served.url}/v1/control/trust"
    async with served.http.request(method, url, data=body, params=query, headers=served.control) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_the_bundled_list_is_shown(served: Served) -> None:
    shown = await listed(served)
    assert shown == {
        "name": BUNDLED.name,
        "source": BUNDLED.source,
        "date": BUNDLED.date,
        "count": BUNDLED.count,
        "own": False,
    }
    assert BUNDLED.count


async def test_a_list_is_replaced_and_taken_back(served: Served, folder: DataFolder) -> None:
    root = Authority()
    mine = await listed(served, "PUT", root.pem.encode(), "my roots.pem")
    assert (mine["count"], mine["own"]) == (1, True)
    assert str(mine["name"]).startswith("my roots.pem")
    assert trust.current(folder.root).count == 1
    assert await listed(served) == mine
    assert (await listed(served, "DELETE"))["own"] is False
    assert trust.current(folder.root) == BUNDLED


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 422), (b"no certificate", 422), (b"x" * (trust.MOST_BYTES + 1), 413)]
)
async def test_what_is_no_list_changes_nothing(served: Served, folder: DataFolder, body: bytes, status: int) -> None:
    async with served.http.put(f"{served.url}/v1/control/trust", data=body, headers=served.control) as answer:
        assert answer.status == status
        assert (await answer.json())["detail"]
    assert trust.current(folder.root) == BUNDLED


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_browser_may_neither_see_nor_change_it(served: Served, method: str) -> None:
    async with served.http.request(method, f"{served.url}/v1/control/trust", headers=served.bearer) as answer:
        assert answer.status == 401


async def test_another_list_counts_at_once_for_an_image_seen_before(folder: DataFolder) -> None:
    root = Authority()
    photo = sign(files.encode("PNG"), "image/png", root.issue("Camera Works"), [created("digitalCapture")])
    folder.create()
    believed = trust.Believed(folder.root)

    def pipeline(detector: StandInDetector) -> Pipeline:
        return Pipeline(detector, StandInReader(believed.now), judge)

    async with serving(folder, load=pipeline) as served:

        async def level() -> tuple[str, bool]:
            async with served.http.post(f"{served.url}/v1/check", data=photo, headers=served.bearer) as answer:
                verdict = await answer.json()
                return verdict["level"], verdict["cached"]

        before = await level()
        assert before[0] != "camera"
        assert await level() == (before[0], True)
        await listed(served, "PUT", root.pem.encode())
        assert await level() == ("camera", False)
        await listed(served, "DELETE")
        assert await level() == (before[0], False)


def test_doctor_names_the_list(folder: DataFolder, tmp_path: Path) -> None:
    bundled = rf"trust list +{BUNDLED.name}, {BUNDLED.date}, {BUNDLED.count} certificates"
    assert re.search(bundled, doctor(folder))
    pem = tmp_path / "own.pem"
    pem.write_text(Authority().pem)
    trust.install(pem, folder.root)
    assert re.search(r"trust list +own\.pem, sha256 [0-9a-f]{16}, \S+, 1 certificates", doctor(folder))


def doctor(folder: DataFolder) -> str:
    return naturaltrace("doctor", "--data-dir", folder.root).stdout


@pytest.fixture
def chromium() -> Iterator[Any]:
    program = needs_program("chromium")
    needs("playwright.sync_api", "dev")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, timeout=120_000)
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_person_replaces_the_list_on_the_settings_page(chromium: Any, folder: DataFolder, tmp_path: Path) -> None:
    pem = tmp_path / "own.pem"
    pem.write_text(Authority().pem)
    with running("--data-dir", folder.root, env={"XDG_CONFIG_HOME": str(tmp_path / "config")}):
        page = chromium.new_page()
        page.set_default_timeout(100_000)
        page.goto(naturaltrace("settings", "--print", "--data-dir", folder.root).stdout.strip())
        page.locator('a[href="#trust"]').click()
        page.locator("#trust-list").get_by_text(BUNDLED.name, exact=True).wait_for()
        assert not page.locator("#trust-back").is_visible()
        page.set_input_files("#trust-file", str(pem))
        page.locator("#trust-list").get_by_text(re.compile("^own.pem, sha256")).wait_for()
        assert trust.current(folder.root).count == 1
        page.locator("#trust-back").click()
        page.locator("#trust-list").get_by_text(BUNDLED.name, exact=True).wait_for()
        assert page.locator("#trust-said").text_content()
