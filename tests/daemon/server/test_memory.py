"""What the daemon remembers, what it shows of that, and what it must not remember."""

import asyncio
import sqlite3
from typing import Any

import pytest

from naturaltrace.detection.result import ModelInfo
from naturaltrace.server.memory import ARCHIVE, CACHE
from naturaltrace.server.preferences import PREFERENCES
from tests.daemon.images import encoded, photo
from tests.daemon.serving import Served

PNG = encoded(photo(), "PNG")


def png(seed: int) -> bytes:
    return encoded(photo(64, 64, seed), "PNG")


async def call(served: Served, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    sent = {**served.bearer, **{name.replace("_", "-"): value for name, value in headers.items()}}
    extra: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    async with served.http.request(method, f"{served.url}{path}", headers=sent, **extra) as answer:
        kind = answer.headers.get("Content-Type", "")
        return answer.status, await answer.json(content_type=None) if "json" in kind else await answer.read()


async def check(served: Served, data: bytes = PNG, **headers: str) -> dict[str, Any]:
    status, verdict = await call(served, "POST", "/v1/check", data, **headers)
    assert status == 200, verdict
    return verdict


async def past(served: Served, query: str = "") -> list[dict[str, Any]]:
    status, document = await call(served, "GET", f"/v1/history{query}")
    assert status == 200, document
    return document["items"]


# --- the cache -------------------------------------------------------------------------------------------------------


async def test_the_same_bytes_are_judged_once(served: Served) -> None:
    first, again = await check(served), await check(served)
    assert (first["cached"], again["cached"]) == (False, True)
    assert len(served.detector.seen) == 1
    assert first["probability"] == again["probability"]


async def test_another_model_judges_anew(served: Served) -> None:
    await check(served)
    served.detector.model = ModelInfo("stand-in", "2")
    assert (await check(served))["cached"] is False


async def test_a_screenshot_of_the_same_bytes_is_another_matter(served: Served) -> None:
    await check(served)
    assert (await check(served, NaturalTrace_Screenshot="?1"))["cached"] is False


async def test_cached_findings_are_told_in_the_language_asked_for(served: Served) -> None:
    assert "in de" in (await check(served, Accept_Language="de,en;q=0.5"))["summary"]
    again = await check(served, Accept_Language="fr-FR")
    assert again["cached"] is True
    assert "in fr-FR" in again["summary"]
    await call(served, "PATCH", "/v1/settings", {"language": "ja"})
    assert "in ja" in (await check(served, Accept_Language="fr"))["summary"]


async def test_the_cache_is_bounded() -> None:
    from naturaltrace.server.memory import FindingsCache

    cache = FindingsCache(limit=2)
    for name in "abc":
        cache.put((name, "m", "1", "1", False), object())  # pyright: ignore[reportArgumentType]
    assert len(cache) == 2
    assert cache.get(("a", "m", "1", "1", False)) is None


# --- private windows -------------------------------------------------------------------------------------------------


async def test_a_private_window_leaves_nothing_and_reads_nothing(served: Served) -> None:
    verdict = await check(served, NaturalTrace_Private="?1", NaturalTrace_Page="https://secret.example/")
    sha256 = verdict["image"]["sha256"]
    assert await past(served) == []
    assert len(served.app[CACHE]) == 0
    says = {"sha256": sha256, "says": "generated"}
    assert (await call(served, "POST", "/v1/feedback", says, NaturalTrace_Private="?1"))[0] == 204
    assert (await call(served, "GET", "/v1/stats"))[1]["kept"]["feedback"] == {}

    await check(served)
    again = await check(served, NaturalTrace_Private="?1")
    assert again["cached"] is False  # or a page could learn by timing what was looked at before


async def test_nothing_of_a_private_window_is_in_any_file(served: Served, tmp_path: Any) -> None:
    verdict = await check(served, NaturalTrace_Private="?1", NaturalTrace_Page="https://secret.example/")
    sha256 = verdict["image"]["sha256"].encode()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert sha256 not in file.read_bytes()
            assert b"secret.example" not in file.read_bytes()


# --- history ---------------------------------------------------------------------------------------------------------


async def test_past_verdicts_newest_first_with_picture_and_page(served: Served) -> None:
    for seed in (1, 2, 3):
        await check(served, png(seed), NaturalTrace_Page=f"https://user:word@example.org/{seed}?token=secret#x")
    items = await past(served)
    assert [item["page"] for item in items] == [f"https://example.org/{seed}" for seed in (3, 2, 1)]
    status, picture = await call(served, "GET", items[0]["thumbnail"])
    assert status == 200
    assert picture.startswith(b"\xff\xd8")
    assert len(picture) < 20_000


async def test_history_goes_page_by_page(served: Served) -> None:
    for seed in range(5):
        await check(served, png(seed))
    _, first = await call(served, "GET", "/v1/history?limit=2")
    _, second = await call(served, "GET", f"/v1/history?limit=2&before={first['next']}")
    _, third = await call(served, "GET", f"/v1/history?limit=2&before={second['next']}")
    ids = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5
    assert third["next"] is None


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=999", "before=x", "before=0", "before=" + "9" * 30, "level=fake",
     "text=" + "x" * 300, "limit=%D9%A1"],
)  # fmt: skip
async def test_odd_questions_are_refused(served: Served, query: str) -> None:
    assert (await call(served, "GET", f"/v1/history?{query}"))[0] == 400


async def test_one_entry_or_all_are_forgotten(served: Served) -> None:
    for seed in (1, 2, 3):
        await check(served, png(seed))
    items = await past(served)
    assert (await call(served, "DELETE", f"/v1/history/{items[0]['id']}"))[0] == 204
    assert (await call(served, "DELETE", f"/v1/history/{items[0]['id']}"))[0] == 404
    assert (await check(served, png(3)))["cached"] is False
    assert (await call(served, "DELETE", "/v1/history"))[1] == {"forgotten": 3}
    assert await past(served) == []
    assert len(served.app[CACHE]) == 0


@pytest.mark.parametrize("entry", ["0", "-1", "x", "9" * 40, "%2e%2e", "1.5"])
async def test_unknown_entries(served: Served, entry: str) -> None:
    assert (await call(served, "DELETE", f"/v1/history/{entry}"))[0] == 404
    assert (await call(served, "GET", f"/v1/history/{entry}/thumbnail"))[0] == 404


async def test_who_wants_no_history_gets_none(served: Served) -> None:
    await call(served, "PATCH", "/v1/settings", {"history": False})
    await check(served)
    assert await past(served) == []
    await call(served, "PATCH", "/v1/settings", {"history": True, "thumbnails": False})
    await check(served, png(1))
    items = await past(served)
    assert [item["thumbnail"] for item in items] == [None]
    assert (await call(served, "GET", f"/v1/history/{items[0]['id']}/thumbnail"))[0] == 404


async def test_a_failing_disk_costs_no_verdict(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("naturaltrace.storage.history.History.add", full)
    await check(served)
    assert any("can't be written" in notice for notice in (await call(served, "GET", "/v1/stats"))[1]["notices"])


# --- feedback --------------------------------------------------------------------------------------------------------


async def test_the_users_word_is_kept_and_shown(served: Served) -> None:
    sha256 = (await check(served))["image"]["sha256"]
    says = {"sha256": sha256, "says": "not_generated", "comment": "I took it", "level": "ai", "model": "x 1"}
    assert (await call(served, "POST", "/v1/feedback", says))[0] == 204
    assert (await past(served))[0]["feedback"] == "not_generated"
    assert (await call(served, "GET", "/v1/stats"))[1]["kept"]["feedback"] == {"not_generated": 1}


@pytest.mark.parametrize(
    "change",
    [{"sha256": "x"}, {"sha256": None}, {"sha256": "A" * 64}, {"says": "maybe"}, {"says": None}, {"says": []},
     {"comment": 5}, {"comment": "x" * 1001}, {"level": "x" * 101}, {"model": {}}],
)  # fmt: skip
async def test_odd_feedback_is_refused(served: Served, change: dict[str, Any]) -> None:
    says = {"sha256": "0" * 64, "says": "unsure", **change}
    assert (await call(served, "POST", "/v1/feedback", says))[0] == 422


# --- settings, pause, figures ----------------------------------------------------------------------------------------


async def test_settings_are_read_and_changed(served: Served) -> None:
    status, before = await call(served, "GET", "/v1/settings")
    assert status == 200
    status, after = await call(served, "PATCH", "/v1/settings", {"history_limit": 7})
    assert (status, after) == (200, {**before, "history_limit": 7})
    status, problem = await call(served, "PATCH", "/v1/settings", {"history_limit": "many"})
    assert (status, problem["type"]) == (422, "urn:naturaltrace:problem:bad-setting")
    assert (await call(served, "GET", "/v1/settings"))[1] == after


async def test_in_a_pause_only_what_was_asked_for_is_checked(served: Served) -> None:
    served.app[PREFERENCES].pause(900)
    status, problem = await call(served, "POST", "/v1/check", PNG)
    assert (status, problem["type"]) == (503, "urn:naturaltrace:problem:paused")
    await check(served, NaturalTrace_Priority="asked")
    served.app[PREFERENCES].pause(None)
    assert (await call(served, "GET", "/v1/stats"))[1]["paused_s"] == -1
    served.app[PREFERENCES].resume()
    await check(served)


async def test_figures(served: Served) -> None:
    await check(served)
    await check(served)
    await call(served, "POST", "/v1/check", b"no image")
    _, stats = await call(served, "GET", "/v1/stats")
    assert stats["checks"] == {"judged": 2, "by_level": {"likely_ai": 2}, "cached": 1, "failed": 1}
    assert stats["latency_ms"]["p95"] >= stats["latency_ms"]["p50"] > 0
    assert stats["queue"] == {"waiting": 0, "bytes": 0}
    assert stats["kept"]["findings"] == stats["kept"]["history"] == 1
    assert stats["model"] == {"name": "stand-in", "version": "1"}


async def test_many_at_once_end_in_one_history(served: Served) -> None:
    await asyncio.gather(*(check(served, png(n % 10)) for n in range(40)))
    assert len(await past(served)) == 10
    assert await served.app[ARCHIVE].do(lambda history: history.count()) == 10
