"""Each built-in template can be sent as it is."""

from __future__ import annotations

import pytest

from app.invites.mail import template
from app.invites.mail.built_in_templates import BUILT_IN, OWN, BuiltInTemplate, built_in, key_of


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.key)
def test_it_passes_the_check_and_is_recognised(one: BuiltInTemplate) -> None:
    template.check_template(one.subject, one.text)
    assert key_of(one.subject, one.text) == one.key
    assert built_in(one.key) is one
    assert key_of(one.subject, f"Dear all, {one.text}") == OWN


def test_no_two_share_a_key() -> None:
    assert len({one.key for one in BUILT_IN} | {OWN}) == len(BUILT_IN) + 1
