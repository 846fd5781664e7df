"""`POST /v1/check`: what comes back, within which limits."""

import asyncio
from typing import Any

import pytest

from naturaltrace.pipeline import Pipeline
from naturaltrace.server.body import BODY_BUDGET, BodyLimits
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo, png_bomb
from tests.daemon.serving import Served, serving, until
from tests.daemon.stand_in import StandInDetector

PNG = encoded(photo(), "PNG")


async def check(served: Served, data: bytes, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    sent = {**served.bearer, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with served.http.post(f"{served.url}/v1/check", data=data, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None), dict(answer.headers.items())


async def test_a_verdict(served: Served) -> None:
    status, verdict, headers = await check(served, PNG)
    assert status == 200
    assert verdict["level"] in ("ai", "likely_ai", "unclear", "no_sign", "camera")
    image = verdict["image"]
    assert (image["width"], image["height"], image["format"], image["bytes"]) == (320, 240, "PNG", len(PNG))
    timing = verdict["timing_ms"]
    assert {"queue", "decode", "provenance", "detect", "judge", "total"} <= set(timing)
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "text/html", "application/octet-stream", "nonsense"])
async def test_the_content_type_decides_nothing(served: Served, kind: str) -> None:
    assert (await check(served, PNG, Content_Type=kind))[0] == 200


async def test_a_screenshots_metadata_is_left_out(served: Served) -> None:
    _, with_metadata, _ = await check(served, PNG)
    _, without, _ = await check(served, PNG, NaturalTrace_Screenshot="?1")
    assert "with metadata" in str(with_metadata["evidence"])
    assert "pixels only" in str(without["evidence"])


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"", "empty"),
        (b"hello", "unsupported-format"),
        (PNG[:500], "damaged-image"),
        (png_bomb(50_000, 50_000), "too-many-pixels"),
    ],
    ids=["empty", "text", "cut", "bomb"],
)
async def test_what_cannot_be_judged_is_said_in_words(served: Served, data: bytes, slug: str) -> None:
    status, problem, headers = await check(served, data)
    assert status == 422
    assert headers["Content-Type"].startswith("application/problem+json")
    assert problem["type"] == f"urn:naturaltrace:problem:{slug}"
    assert problem["status"] == 422
    assert len(str(problem["detail"])) > 10
    assert (await check(served, PNG))[0] == 200


async def test_a_failure_inside_tells_nothing_of_the_inside(served: Served) -> None:
    def fail(image: object) -> None:
        raise RuntimeError("secret words")

    served.detector.detect_prepared = fail  # pyright: ignore[reportAttributeAccessIssue]
    status, problem, _ = await check(served, PNG)
    assert (status, problem["type"]) == (500, "urn:naturaltrace:problem:internal")
    assert "secret" not in str(problem)


async def test_without_a_detector_the_reason_is_said(folder: DataFolder) -> None:
    def broken(_: StandInDetector) -> Pipeline:
        raise FileNotFoundError("card.json is missing")

    folder.create()
    async with serving(folder, load=broken) as served:
        status, problem, headers = await check(served, PNG)
        assert (status, problem["type"]) == (503, "urn:naturaltrace:problem:no-detector")
        assert "card.json is missing" in str(problem["detail"])
        assert int(headers["Retry-After"]) > 0
        async with served.http.get(f"{served.url}/v1/health") as answer:
            assert answer.status == 200


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def narrow(folder: DataFolder):
    """A daemon with small limits: 100 kB a body, 250 kB for all, 0.3 s between pieces, 1.5 s in all, 3 in the queue."""
    folder.create()
    limits = BodyLimits(max_bytes=100_000, shared_bytes=250_000, pause_s=0.3, total_s=1.5)
    async with serving(folder, bodies=limits, queue_limit=3) as it:
        yield it


@pytest.fixture
async def patient(folder: DataFolder):
    """The same room for bodies, and a minute for each."""
    folder.create()
    limits = BodyLimits(max_bytes=100_000, shared_bytes=250_000, pause_s=60, total_s=60)
    async with serving(folder, bodies=limits) as it:
        yield it


def head(served: Served, *lines: str) -> bytes:
    first = ["POST /v1/check HTTP/1.1", f"Host: 127.0.0.1:{served.port}", f"Authorization: Bearer {served.token}"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


async def test_a_body_that_declares_too_much_is_refused_unread(narrow: Served) -> None:
    answer = await narrow.raw(head(narrow, "Content-Length: 100001"))
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_that_grows_too_large_is_refused_on_the_way(narrow: Served) -> None:
    pieces = b"".join(b"2710\r\n" + b"x" * 10_000 + b"\r\n" for _ in range(12))
    answer = await narrow.raw(head(narrow, "Transfer-Encoding: chunked") + pieces)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_packed_body_is_refused(narrow: Served) -> None:
    answer = await narrow.raw(head(narrow, "Content-Encoding: gzip", "Content-Length: 20") + b"\x1f\x8b" + b"x" * 18)
    assert answer.startswith(b"HTTP/1.1 415 ")


async def test_a_body_that_stops_is_given_up(narrow: Served) -> None:
    answer = await narrow.raw(head(narrow, "Content-Length: 1000") + b"x")
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_drips_is_given_up(narrow: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", narrow.port)
    writer.write(head(narrow, "Content-Length: 1000"))

    async def drip() -> None:
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(30):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    writer.close()


async def test_bodies_together_hold_no_more_than_their_share(patient: Served) -> None:
    async def hold() -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection("127.0.0.1", patient.port)
        writer.write(head(patient, "Content-Length: 99000") + b"x" * 90_000)
        await writer.drain()
        return writer

    writers = await asyncio.gather(*(hold() for _ in range(2)))
    budget = patient.app[BODY_BUDGET]
    await until(lambda: budget.held == 180_000)
    status, problem, headers = await check(patient, b"x" * 99_000)
    assert (status, problem["type"]) == (503, "urn:naturaltrace:problem:busy")
    assert int(headers["Retry-After"]) >= 1
    for writer in writers:
        writer.close()


async def test_a_body_cut_off_gives_its_share_back(narrow: Served) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", narrow.port)
    writer.write(head(narrow, "Content-Length: 99000") + b"x" * 90_000)
    await writer.drain()
    writer.close()
    budget = narrow.app[BODY_BUDGET]
    await until(lambda: budget.held == 0)
    assert (await check(narrow, PNG[:0]))[0] == 422


# --- the queue -------------------------------------------------------------------------------------------------------


def small(seed: int) -> bytes:
    return encoded(photo(32, 32, seed), "PNG")


async def test_a_full_queue_says_when_to_come_back(narrow: Served) -> None:
    narrow.detector.hold.clear()
    first = asyncio.create_task(check(narrow, small(0)))
    await until(narrow.detector.entered.is_set)
    waiting = [asyncio.create_task(check(narrow, small(n))) for n in (1, 2, 3)]
    await until(lambda: narrow.engine.worker.read_ahead == 3)
    status, problem, headers = await check(narrow, small(4))
    assert (status, problem["type"]) == (503, "urn:naturaltrace:problem:busy")
    assert int(headers["Retry-After"]) >= 1
    narrow.detector.hold.set()
    assert [status for status, _, _ in await asyncio.gather(first, *waiting)] == [200] * 4


async def test_what_was_asked_for_goes_first(served: Served) -> None:
    served.detector.hold.clear()
    first = asyncio.create_task(check(served, small(0)))
    await until(served.detector.entered.is_set)
    tasks: list[asyncio.Task[object]] = []
    for number, word in enumerate(["prefetch", "visible", "prefetch", "asked", "visible"], start=1):
        tasks.append(asyncio.create_task(check(served, small(number), NaturalTrace_Priority=word)))
        await until(lambda n=number: served.engine.worker.read_ahead == n)
    served.detector.hold.set()
    await asyncio.gather(first, *tasks)
    import hashlib

    order = {hashlib.sha256(small(n)).hexdigest(): n for n in range(6)}
    assert [order[sha] for sha in served.detector.seen] == [0, 4, 2, 5, 1, 3]


async def test_something_urgent_takes_the_place_of_something_fetched_ahead(narrow: Served) -> None:
    narrow.detector.hold.clear()
    first = asyncio.create_task(check(narrow, small(0)))
    await until(narrow.detector.entered.is_set)
    ahead = [asyncio.create_task(check(narrow, small(n), NaturalTrace_Priority="prefetch")) for n in (1, 2, 3)]
    await until(lambda: narrow.engine.worker.read_ahead == 3)
    asked = asyncio.create_task(check(narrow, small(4), NaturalTrace_Priority="asked"))
    await until(lambda: any(task.done() for task in ahead))
    narrow.detector.hold.set()
    statuses = sorted(status for status, _, _ in await asyncio.gather(*ahead))
    assert statuses == [200, 200, 503]
    assert (await asked)[0] == (await first)[0] == 200


async def test_a_client_that_goes_takes_its_work_along(served: Served) -> None:
    served.detector.hold.clear()
    first = asyncio.create_task(check(served, small(0)))
    await until(served.detector.entered.is_set)
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head(served, f"Content-Length: {len(PNG)}") + PNG)
    await writer.drain()
    await until(lambda: len(served.engine.worker) == 1)
    writer.close()
    await until(lambda: len(served.engine.worker) == 0)
    served.detector.hold.set()
    assert (await first)[0] == 200
    assert len(served.detector.seen) == 1
