"""What the tray and the settings page ask of the running daemon: state, settings that act, forgetting, paths."""

from pathlib import Path
from typing import Any

import pytest

from naturaltrace.detection.card import released
from naturaltrace.detection.result import Detection, PixelLevel, UnclearReason
from naturaltrace.imaging.prepared import Prepared
from naturaltrace.server.pairing import Pairing
from naturaltrace.storage.paths import DataFolder
from tests.daemon.images import encoded, photo
from tests.daemon.serving import Served


async def ask(served: Served, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    headers = served.control if path.startswith("/v1/control") else served.bearer
    data = body if isinstance(body, bytes) else None
    named: dict[str, Any] = {"data": data} if data else {"json": body} if body is not None else {}
    async with served.http.request(method, served.url + path, headers=headers, **named) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.content_type.endswith("json") else None


async def test_sensitivity_acts_at_once_even_on_what_is_known(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def between(_self: Any, image: Prepared) -> Detection:
        unclear = UnclearReason.BETWEEN
        return Detection(PixelLevel.UNCLEAR, 0.4, served.detector.model, unclear, real_rate=0.08)

    monkeypatch.setattr(type(served.detector), "_one", between)
    image = encoded(photo(), "PNG")
    levels: list[str] = []
    for word in ("balanced", "eager", "careful"):
        await ask(served, "PATCH", "/v1/settings", {"sensitivity": word})
        levels.append((await ask(served, "POST", "/v1/check", image))["level"])
    assert levels == ["unclear", "likely_ai", "unclear"]
    assert len(served.detector.seen) == 1  # judged once, told three times


@pytest.mark.parametrize(
    "body",
    [
        {"sensitivity": "bold"},
        {"sensitivity": 1},
        {"device": "../x"},
        {"device": ""},
        {"precision": "fp16"},
        {"notifications": "yes"},
    ],
)
async def test_what_makes_no_sense_is_refused(served: Served, body: dict[str, Any]) -> None:
    before = await ask(served, "GET", "/v1/settings")
    assert (await ask(served, "PATCH", "/v1/settings", body, 422))["type"].endswith("bad-setting")
    assert await ask(served, "GET", "/v1/settings") == before


async def test_the_tray_gets_all_that_it_shows_in_one_answer(served: Served) -> None:
    await ask(served, "PUT", "/v1/control/settings", {"device": "cpu", "precision": "fp32", "notifications": True})
    await ask(served, "PUT", "/v1/control/pause", {"seconds": 900}, 204)
    state = await ask(served, "GET", "/v1/control/state")
    assert state["paused"] is True
    assert 890 <= state["paused_s"] <= 900
    assert (state["device"], state["notifications"], state["port"], state["browsers"]) == ("cpu", True, served.port, 1)
    assert state["precision"] == "fp32"
    assert state["precisions"] == (["auto", "fp32", "int8"] if released().small else [])
    assert state["runs"].keys() == {"device", "precision"}
    assert state["devices"][0] == "auto"
    assert "cpu" in state["devices"]
    assert state["problem"] is None


async def test_the_model_is_told_with_what_each_sensitivity_costs(served: Served) -> None:
    model = await ask(served, "GET", "/v1/control/model")
    assert set(model["sensitivity"]) == {"careful", "balanced", "eager"}
    assert 0 < model["promises"]["ai"] < model["promises"]["likely_ai"] < 1
    assert [row["name"] for row in model["conditions"]] == ["clean", "web", "hard"]
    assert model["learned_from"]["real_images"] > 0


async def test_the_settings_say_what_each_sensitivity_was_measured_to_cost_and_nothing_else(served: Served) -> None:
    from naturaltrace.detection.card import released
    from naturaltrace.detection.result import ModelInfo
    from naturaltrace.server.preferences import measured_shares
    from naturaltrace.verdicts import sensitivity

    # Nobody has measured the tests' stand-in.
    assert (await ask(served, "GET", "/v1/settings"))["sensitivity_measured"] is None
    card, known = released(), sensitivity.released()
    shares = measured_shares(ModelInfo(card.name, card.version))
    assert shares == {word: {"real": each.real, "generated": each.generated} for word, each in known.items()}
    assert measured_shares(ModelInfo(card.name, "0.0.1")) is measured_shares(None) is None


async def test_what_is_kept_and_where_is_told(served: Served, folder: DataFolder) -> None:
    await ask(served, "POST", "/v1/check", encoded(photo(), "PNG"))
    about = await ask(served, "GET", "/v1/control/about")
    assert about["history"]["verdicts"] == 1
    assert about["history"]["bytes"] > 0
    assert about["folder_bytes"] >= about["history"]["bytes"]
    assert (about["folder"], about["log"]) == (str(folder.root), str(folder.log))
    assert about["port"] == served.port


async def test_forgetting_everything_leaves_only_what_was_not_asked_for(served: Served, folder: DataFolder) -> None:
    verdict = await ask(served, "POST", "/v1/check", encoded(photo(), "PNG"))
    says = {"sha256": verdict["image"]["sha256"], "says": "generated", "comment": "a-private-word"}
    await ask(served, "POST", "/v1/feedback", says, 204)
    await ask(served, "PATCH", "/v1/settings", {"language": "fr"})
    aside = folder.root / "settings.json.damaged-0123"
    aside.write_text("a-private-word")
    folder.log.write_text("a-private-word")
    await ask(served, "POST", "/v1/control/forget", {})
    assert (await ask(served, "GET", "/v1/history"))["items"] == []
    assert not aside.exists()
    for path in folder.root.iterdir():
        assert b"a-private-word" not in path.read_bytes(), path
    assert (await ask(served, "GET", "/v1/settings"))["language"] == "fr"  # and the browser is still paired
    again = await ask(served, "POST", "/v1/check", encoded(photo(), "PNG"))
    assert again["cached"] is False

    answer = await ask(served, "POST", "/v1/control/forget", {"browsers": True, "settings": True})
    assert answer == {"browsers": 1}
    await ask(served, "GET", "/v1/settings", status=401)


@pytest.mark.parametrize("body", [{"browsers": "yes"}, {"settings": 1}])
async def test_a_half_understood_wish_to_forget_is_refused(served: Served, body: dict[str, Any]) -> None:
    await ask(served, "POST", "/v1/check", encoded(photo(), "PNG"))
    await ask(served, "POST", "/v1/control/forget", body, 400)
    assert len((await ask(served, "GET", "/v1/history"))["items"]) == 1


async def test_a_link_may_lead_to_a_section(served: Served) -> None:
    url = (await ask(served, "POST", "/v1/control/link?section=sites"))["url"]
    key, _, section = url.partition("#")[2].partition("/")
    assert (len(key) >= 40, section) == (True, "sites")
    await ask(served, "POST", "/v1/control/link?section=../x", status=400)


@pytest.mark.parametrize("port", range(7345, 7355))
def test_a_code_names_its_port_by_its_last_digit(port: int) -> None:
    codes = {Pairing(port=port).open() for _ in range(50)}
    assert len(codes) > 45
    assert {code[-1] for code in codes} == {str(port % 10)}
    assert all(len(code) == 6 and code.isdigit() for code in codes)


async def test_a_full_disk_is_said_to_who_needs_the_history(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    from naturaltrace.storage.history import History

    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(History, "forget_all", full)
    answer = await ask(served, "DELETE", "/v1/history", status=507)
    assert answer["type"].endswith(":storage")


def test_the_words_of_the_page_are_in_the_wheel() -> None:
    import naturaltrace

    assert (Path(naturaltrace.__file__).parent / "server/page/words/ja.json").is_file()
