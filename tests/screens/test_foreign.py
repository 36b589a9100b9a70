"""Foreign text: shown as it is, obeyed by nothing, and by no terminal either."""

from __future__ import annotations

import re

import pytest
from textual.widgets import OptionList

from app.db.store import Store
from app.text import plain
from tests.helpers import filled_store
from tests.screens.conftest import SIZES, Driven, Start

MARKUP = ["x[/]y", "[Red]A", "[ @click=app.quit]B[/]", "[$error]", "\\", "Bob [CEO]", "$name ${x}"]
ESCAPES = ["\x1b]52;c;aGk=\x07", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x07", "a\tb\nc\r"]
OTHERS = ["user\u202egpj.exe", "a\u200bb", "\u2066x", "e" + "\u0301" * 500, "X" * 1_000_000,
          "\n" * 100_000, "家族👨‍👩‍👧", "\ue000", "\U000e0041"]  # fmt: skip
HOSTILE = MARKUP + ESCAPES + OTHERS

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u2028\u2029]")


def no_control_byte(at: Driven) -> None:
    for strip in at.app.screen._compositor.render_strips():
        for segment in strip:
            assert not CONTROL.search(segment.text), repr(segment.text)


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_text_is_shown_and_nothing_else(
    start: Start, store: Store, size: tuple[int, int]
) -> None:
    to = filled_store.connection(store, "syncing", name="\x1b]0;t\x07[/]Acme[@click=app.quit]")
    for number, text in enumerate(HOSTILE):
        text = text.replace("\0", "")
        filled_store.participant(store, to, f"cus_{number}", text, f"{text[:80]}@x")
        filled_store.product(store, to, f"prod_{number}", text)
        filled_store.segment(store, to, f"product:prod_{number}", number, f"prod_{number}")
        filled_store.event(store, to, number, "customer.updated", f"cus_{number}")
        filled_store.message(store, to, text)
    filled_store.event(store, to, 999, "\x1b[2J[/].[b]", "cus_1")
    filled_store.step(store, to, "products", "failed", 1, 2, "\x1b[2J[/]" + "[b]" * 99)
    async with start(size) as at:
        for keys in (["2"], ["tab", "end"], ["tab", "end"], ["tab", "end"], ["M"], ["1"]):
            await at.press(*keys)
            no_control_byte(at)
        assert at.app.is_running


async def test_markup_is_literal(start: Start, store: Store) -> None:
    to = filled_store.connection(store, "syncing", name="Bob [CEO] [/]")
    for number, text in enumerate(MARKUP):
        filled_store.participant(store, to, f"cus_{number}", text, None)
        filled_store.event(store, to, number, "customer.created", f"cus_{number}")
        filled_store.product(store, to, f"prod_{number}", text)
        filled_store.segment(store, to, f"product:prod_{number}", 5, f"prod_{number}")
        filled_store.message(store, to, f"<{text}>")
    async with start((160, 60)) as at:
        assert " Bob [CEO] [/] " in at.text.splitlines()[0]
        for text in MARKUP:
            assert f"<{text}>" in at.text
            assert f"New customer: {text}" in at.text
            assert f"5  {text} " in at.text
        at.app.tell("toast [/][b]")
        await at.until(lambda: "toast [/][b]" in at.text)
        for strip in at.app.screen._compositor.render_strips():
            for segment in strip:
                assert "app.quit" not in str(segment.style and segment.style.meta)


async def test_hostile_answers_of_the_check_are_shown(start: Start) -> None:
    report = filled_store.KeyReport(
        account="acct_[/]",
        account_name="\x1b]52;c;aGk=\x07[/]",
        livemode=True,
        permissions=(filled_store.Permission("x", "[/]\x1b", False, "[b]\x9b"),),
        warnings=("[@click=app.quit]w[/]\u202e",),
    )
    async with start((120, 40), key="rk_live_abcdefgh", sync=filled_store.StandIn(report)) as at:
        await at.until(lambda: "LIVE" in at.text)
        no_control_byte(at)
        assert "[/]" in at.text
        at.settle()
        await at.press("n")
        assert "[@click=app.quit]w[/]" in at.text
        no_control_byte(at)


async def test_a_megabyte_costs_little(start: Start, store: Store) -> None:
    to = filled_store.connection(store, "syncing", name="N" * 1_000_000)
    for number in range(100):
        filled_store.message(store, to, "M" * 100_000 + str(number))
    async with start((120, 40)) as at:
        assert "…" in at.text
        assert at.text.splitlines()[0].count("N") < 80
    assert len(plain("M" * 100_000)) == 500


async def test_the_palette_and_the_ways_hold_no_foreign_text(start: Start) -> None:
    async with start() as at:
        ways = at.app.screen.query_one(OptionList)
        assert all("[" not in str(option.prompt) for option in ways.options)
