"""Which headers are Stripe's: what stripe-python says of them, and what is stricter here."""

from __future__ import annotations

import json
import time

import pytest
import stripe

from app.db.store import Store
from app.settings import Settings
from app.web import signatures
from app.web.rejections import Rejected
from tests.helpers.webhook_client import NOW, OTHER, SECRET, event, serving, signature, signed

BODY = event()
V1 = signature(BODY)
HEX = V1.removeprefix("v1=")


def verdict(header: str | None, body: bytes = BODY, *secrets: str, now: float = NOW) -> str:
    """Empty when it is taken, else why not."""
    try:
        signatures.check(header, body, secrets or (SECRET,), now)
    except Rejected as problem:
        why = problem
    else:
        return ""
    assert why.status == 400
    assert str(why).endswith(".")
    return why.why


HEADERS = {
    "good": (signed(BODY), ""),
    "v0 beside it": (f"t={NOW},{V1},{signature(BODY, scheme='v0')}", ""),
    "two v1, the second fits": (f"t={NOW},v1={'0' * 64},{V1}", ""),
    "two v1, the first fits": (f"t={NOW},{V1},v1={'0' * 64}", ""),
    "more than is known": (f"t={NOW},{V1},v9=abc,=,x", ""),
    "t at the end": (f"{V1},t={NOW}", ""),
    "none": (None, "it has no signature"),
    "empty": ("", "it has no signature"),
    "v0 only": (f"t={NOW},v0={HEX}", "cannot be read"),
    "no t": (V1, "cannot be read"),
    "t of letters": (f"t=now,{V1}", "cannot be read"),
    "t of other digits": (f"t=١٨٠٠٠٠٠٠٠٠,{V1}", "cannot be read"),
    "t negative": (f"t=-{NOW},{V1}", "cannot be read"),
    "t endless": (f"t={'9' * 5_000},{V1}", "cannot be read"),
    "nonsense": ("hello", "cannot be read"),
    "space after the comma": (f"t={NOW}, {V1}", "cannot be read"),
    "space before the time": (f"{V1}, t={NOW}", "cannot be read"),
    "upper-case digits": (f"t={NOW},v1={HEX.upper()}", "matches no known secret"),
    "one digit wrong": (f"t={NOW},v1={HEX[:-1]}{'0' if HEX[-1] != '0' else '1'}", "matches no"),
    "cut": (f"t={NOW},v1={HEX[:-1]}", "matches no"),
    "longer": (f"t={NOW},v1={HEX}0", "matches no"),
    "empty v1": (f"t={NOW},v1=", "matches no"),
    "not ASCII": (f"t={NOW},v1=é{HEX[1:]}", "matches no"),
    "another t than was signed": (f"t={NOW + 1},{V1}", "matches no"),
    "another secret": (signed(BODY, OTHER), "matches no"),
    "the secret without its prefix": (signed(BODY, SECRET.removeprefix("whsec_")), "matches no"),
}


@pytest.mark.parametrize(("header", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_each_header(header: str | None, expected: str) -> None:
    said = verdict(header)
    assert (expected in said) if expected else said == ""


@pytest.mark.parametrize(("header", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_stripe_python_says_the_same(header: str | None, expected: str) -> None:
    if header and "١" in header:
        return  # int() takes these digits there, and Stripe never sends them
    try:
        stripe.WebhookSignature.verify_header(BODY, header, SECRET, tolerance=None)
        taken = True
    except (stripe.SignatureVerificationError, ValueError, TypeError, IndexError):
        taken = False
    assert taken is (expected == "")


def test_what_stripe_python_signs_is_taken() -> None:
    made = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, NOW)
    assert made == signed(BODY)
    assert verdict(made) == ""
    now = time.time()
    fresh = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET)
    assert verdict(fresh, now=now) == ""
    assert stripe.Webhook.construct_event(BODY, signed(BODY, at=int(now)), SECRET).id == "evt_1"


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        *((0, ""), (299, ""), (300, ""), (301, "too old"), (86_400, "too old")),
        *((-299, ""), (-300, ""), (-301, "from the future"), (-3600, "from the future")),
    ],
)
def test_its_age(age: int, expected: str) -> None:
    said = verdict(signed(BODY, at=NOW - age))
    assert (expected in said) if expected else said == ""


def test_an_old_one_is_told_apart_only_for_who_knows_the_secret() -> None:
    assert "matches no" in verdict(signed(BODY, OTHER, at=NOW - 4_000))


def test_a_wrong_clock_is_told_only_by_who_knows_the_secret(
    opened: Store, sqlite_settings: Settings
) -> None:
    told: list[float] = []
    with serving(opened, sqlite_settings, on_wrong_clock=told.append) as here:
        for secret, age in ((SECRET, 601), (SECRET, -601), (OTHER, 601), (SECRET, 0)):
            body = event()
            here.send(body, signed(body, secret, at=NOW - age))
    assert told == [601, -601]


def test_the_body_is_taken_byte_by_byte() -> None:
    header = signed(BODY)
    same = json.dumps(json.loads(BODY), separators=(",", ":")).encode()
    for body in (same, BODY + b"\n", BODY[:-1], b"", b"\xef\xbb\xbf" + BODY):
        assert "matches no" in verdict(header, body)
    for body in (b"", "Zoë 参加者".encode(), b"\r\n"):
        assert verdict(signed(body), body) == ""


def test_a_body_that_is_not_utf_8_is_not_stripes() -> None:
    body = b"\xff\xfe\x00"
    assert "not UTF-8" in verdict(signed(body), body)
    assert "no signature" in verdict(None, body)


def test_rolled_secrets() -> None:
    """Stripe signs with both for a day; here both, the old or the new may be known."""
    both = signed(BODY, OTHER, SECRET)
    assert verdict(both, BODY, SECRET) == verdict(both, BODY, OTHER) == ""
    assert verdict(signed(BODY, SECRET), BODY, OTHER, SECRET) == ""
    assert verdict(signed(BODY, OTHER), BODY, OTHER, SECRET) == ""
    assert "matches no" in verdict(signed(BODY, "whsec_third_secret"), BODY, OTHER, SECRET)
