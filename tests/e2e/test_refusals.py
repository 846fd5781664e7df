"""Who may not talk to the companion: pages, strangers, wrong tokens, wrong names."""

import http.client
import json

import pytest
from browsers import Browser
from companion import Companion
from pictures import jpeg, photograph
from site_server import Site


def ask(companion: Companion, method: str, path: str, **headers: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", companion.port, timeout=30)
    try:
        body = jpeg(photograph()) if method == "POST" else None
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_wrong_token_is_refused(companion: Companion) -> None:
    status, problem = ask(companion, "POST", "/v1/check", Authorization="Bearer wrong")
    assert (status, problem["type"]) == (401, "urn:naturaltrace:problem:wrong-token")


def test_no_token_is_refused(companion: Companion) -> None:
    status, problem = ask(companion, "POST", "/v1/check")
    assert (status, problem["type"]) == (401, "urn:naturaltrace:problem:no-token")


def test_a_foreign_host_name_is_refused(companion: Companion) -> None:
    status, problem = ask(companion, "GET", "/v1/health", Host=f"evil.example:{companion.port}")
    assert status in (403, 421)
    assert problem["type"] == "urn:naturaltrace:problem:wrong-host"


ATTEMPTS = {
    "fetch": "fetch(URL + '/v1/health').then(r => r.text(), e => 'refused')",
    "fetch with a token": "fetch(URL + '/v1/check', {method: 'POST', body: 'x', headers: {Authorization: 'Bearer x'}})"
    ".then(r => r.text(), e => 'refused')",
    "blind post": "fetch(URL + '/v1/pair', {method: 'POST', mode: 'no-cors', body: '{\"code\": \"000000\"}'})"
    ".then(r => r.type === 'opaque' ? 'refused' : r.text(), e => 'refused')",
    "image": "new Promise(done => { const i = new Image(); i.onload = () => done('loaded');"
    " i.onerror = () => done('refused'); i.src = URL + '/v1/health' })",
    "socket": "new Promise(done => { const s = new WebSocket(URL.replace('http', 'ws') + '/v1/check');"
    " s.onopen = () => done('opened'); s.onerror = () => done('refused') })",
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_web_page_can_do_nothing_with_the_companion(
    browser: Browser, companion: Companion, site: Site, attempt: str
) -> None:
    page = browser.open(site.page("/attacker", "<h1>An attacker's page</h1>"))
    script = ATTEMPTS[attempt].replace("URL", json.dumps(f"http://127.0.0.1:{companion.port}"), 1)
    script = script.replace("URL", json.dumps(f"http://127.0.0.1:{companion.port}"))
    assert page.evaluate(script) == "refused"
    page.close()


def test_a_page_cannot_ask_the_background(browser: Browser, site: Site) -> None:
    page = browser.open(site.page("/plain", "<h1>A page</h1>"))
    assert page.evaluate("typeof (globalThis.chrome?.runtime?.sendMessage ?? globalThis.browser)") == "undefined"
    page.close()
