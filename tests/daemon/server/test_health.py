"""What anyone may learn, and how a paired browser tells the real companion from one that took its port."""

import hashlib
import hmac

import pytest

from tests.daemon.serving import Served

CHALLENGE = "00112233445566778899aabbccddeeff"


async def health(served: Served, **headers: str) -> dict[str, object]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with served.http.get(f"{served.url}/v1/health", headers=sent) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_nothing_but_name_version_and_pairing_is_told(served: Served) -> None:
    assert await health(served) == {"name": "naturaltrace", "api": 1, "paired": False}


async def test_a_paired_browser_learns_that_it_is(served: Served) -> None:
    assert (await health(served, Authorization=f"Bearer {served.token}"))["paired"] is True
    assert (await health(served, Authorization="Bearer nt1_guess"))["paired"] is False


async def test_the_proof_can_be_checked_with_the_token_alone(served: Served) -> None:
    answer = await health(served, NaturalTrace_Client=served.client_id, NaturalTrace_Challenge=CHALLENGE)
    key = hashlib.sha256(served.token.encode()).digest()
    message = f"naturaltrace {served.port} {CHALLENGE}".encode()
    assert answer["proof"] == hmac.new(key, message, "sha256").hexdigest()
    assert answer["paired"] is True


async def test_a_proof_from_another_port_does_not_fit(served: Served) -> None:
    answer = await health(served, NaturalTrace_Client=served.client_id, NaturalTrace_Challenge=CHALLENGE)
    key = hashlib.sha256(served.token.encode()).digest()
    message = f"naturaltrace {served.port + 1} {CHALLENGE}".encode()
    assert answer["proof"] != hmac.new(key, message, "sha256").hexdigest()


@pytest.mark.parametrize(
    ("client", "challenge"),
    [("unknown", CHALLENGE), ("", CHALLENGE), (None, ""), (None, "short"), (None, "A" * 32), (None, "0" * 129)],
)
async def test_no_proof_for_strangers_or_odd_challenges(served: Served, client: str | None, challenge: str) -> None:
    who = served.client_id if client is None else client
    answer = await health(served, NaturalTrace_Client=who, NaturalTrace_Challenge=challenge)
    assert answer == {"name": "naturaltrace", "api": 1, "paired": False}
