"""What the stores are told is what the package does."""

import json
import re
from pathlib import Path

import pytest
from browsers import EXTENSION

DOCS = Path(__file__).resolve().parents[2] / "docs"
MANIFEST = json.loads((EXTENSION / "manifest.json").read_text(encoding="utf-8"))
STORES = ("chrome-web-store.md", "edge-add-ons.md", "firefox-add-ons.md")


def asked_for() -> set[str]:
    kinds = ("permissions", "host_permissions", "optional_permissions", "optional_host_permissions")
    return {each for kind in kinds for each in MANIFEST.get(kind, [])}


def justified() -> dict[str, str]:
    """The rows of the tables, by permission; the reason is the second column."""
    text = (DOCS / "stores/permissions.md").read_text(encoding="utf-8")
    return {name: why.strip() for name, why in re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", text, re.MULTILINE)}


def test_each_permission_is_justified_and_no_other() -> None:
    assert set(justified()) == asked_for()
    assert all(len(why) > 40 for why in justified().values())


def test_what_is_said_not_to_be_asked_for_is_not() -> None:
    text = (DOCS / "stores/permissions.md").read_text(encoding="utf-8")
    never = set(re.findall(r"`([^`]+)`", text.split("## What is deliberately not asked for")[1]))
    assert len(never) > 5
    assert not never & asked_for()


def test_the_data_that_is_handed_on_is_declared_everywhere() -> None:
    declared = MANIFEST["browser_specific_settings"]["gecko"]["data_collection_permissions"]
    assert declared == {"required": ["websiteContent"]}
    for page in ("privacy.md", "stores/permissions.md", "stores/firefox-add-ons.md"):
        assert "websiteContent" in (DOCS / page).read_text(encoding="utf-8")


def test_texts_fit_the_stores_limits() -> None:
    for folder in (EXTENSION / "_locales").iterdir():
        words = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
        assert len(words["app_name"]["message"]) <= 45, folder.name
        assert len(words["app_description"]["message"]) <= 132, folder.name
    firefox = (DOCS / "stores/firefox-add-ons.md").read_text(encoding="utf-8")
    found = re.search(r"\*\*Summary\*\* \(at most 250 characters\): (.+?)\n\n", firefox, re.DOTALL)
    assert found
    assert len(" ".join(found[1].split())) <= 250


@pytest.mark.parametrize("store", STORES)
def test_links_in_the_store_texts_lead_somewhere(store: str) -> None:
    page = DOCS / "stores" / store
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (page.parent / target).exists(), target
    for target in re.findall(r"`((?:docs|extension)/[^`]+)`", text):
        assert (DOCS.parent / target).exists(), target


def test_the_companion_is_told_no_address() -> None:
    """The privacy policy says so; the API would take one."""
    scripts = [path.read_text(encoding="utf-8") for path in EXTENSION.rglob("*.js")]
    assert any("NaturalTrace-Priority" in script for script in scripts)
    assert not any("NaturalTrace-Page" in script for script in scripts)
