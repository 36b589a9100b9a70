"""Foreign text can do nothing to a terminal, a spreadsheet or a database."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sandbox.world.hostile import HOSTILE
from app.text import (
    csv_cell,
    duration,
    masked,
    money,
    plain,
    plain_lines,
    storable,
    when,
    without_secret,
)

BAD = "\N{REPLACEMENT CHARACTER}"
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
ZWJ = "\u200d"

# Any code point, surrogates and private ones too, with more of what terminals obey.
anything = st.text(
    st.one_of(
        st.characters(codec=None, categories=None),
        st.sampled_from("\x00\x07\x1b\x7f\x85\x9b\u061c\u200b\u200d\u200f\u202e\u2066\ufeff\ud800"),
        st.sampled_from("\u0301\u0323\u034f\u20dd\n\r\t ="),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("kind", "characters"),
    [
        ("C0 controls", "\x00\x01\x07\x08\x0e\x1b\x1f\x7f"),
        ("C1 controls, of which CSI and OSC", "\x80\x90\x9b\x9d\x9f"),
        (
            "bidi controls",
            "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        ),
        ("invisible characters", "\u200b\u2060\u2061\u2064\u206a\u206f\ufeff"),
        ("annotation marks", "\ufff9\ufffa\ufffb"),
        ("lone surrogates", "\ud800\udbff\udc00\udfff"),
        ("private use", "\ue000\uf8ff\U000f0000\U00100000\U0010fffd"),
        ("tags", "\U000e0001\U000e0041\U000e007f"),
    ],
)
def test_what_a_terminal_could_obey_is_replaced(kind: str, characters: str) -> None:
    for character in characters:
        assert plain(f"a{character}b") == f"a{BAD}b", f"{kind}: U+{ord(character):04X}"


@pytest.mark.parametrize(
    "gap", ["\n", "\r\n", "\t", "\v", "\f", "\x85", "\u2028", "\u2029", "\n\n\t"]
)
def test_breaks_and_tabs_become_one_space(gap: str) -> None:
    assert plain(f"two{gap}lines") == "two lines"


@pytest.mark.parametrize(
    "text",
    [
        "Ada",
        "Ğökçe Ünal",
        "محمد",
        "שלום",
        "张伟",
        "👩🏽‍🚀 👨‍👩‍👧‍👦",
        f"क्{ZWJ}ष",
        "Zoe\u0308",
        "[red]x[/]",
        "ทั้งนี้",
    ],
)
def test_names_of_people_are_kept(text: str) -> None:
    assert plain(text) == text


def test_none_is_empty_and_other_values_are_shown() -> None:
    assert plain(None) == ""
    assert plain(12) == "12"
    assert plain(ValueError("a\x1b[2J")) == f"a{BAD}[2J"


def test_a_long_text_ends_in_an_ellipsis_at_the_limit() -> None:
    assert plain("a" * 10, 10) == "a" * 10
    assert plain("a" * 11, 10) == "a" * 9 + "…"
    assert plain("\u202e" * 11, 10) == BAD * 9 + "…"
    assert len(plain("x" * 10_000)) == 500


@pytest.mark.parametrize(
    "marks", ["\u0301", "\u0301\u0323", "\u0301\u0323\u034f", "\u20dd", "\u0e49"]
)
def test_marks_do_not_stack_without_end(marks: str) -> None:
    shown = plain("Z" + marks * 40 + "algo")
    assert shown.startswith("Z" + marks[0])
    assert shown.endswith("algo")
    assert len(shown) <= len("Zalgo") + 8


@settings(max_examples=200)
@given(anything, st.integers(1, 40))
def test_plain_is_always_safe_short_and_final(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    for character in shown:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Co"}
        assert unicodedata.bidirectional(character) not in BIDI
        assert character not in "\u200b\u200e\u200f\u061c\u2028\u2029\ufeff"
    assert plain(shown, limit) == shown
    shown.encode()


@settings(max_examples=200)
@given(anything)
def test_lines_stay_lines_and_each_is_plain(text: str) -> None:
    lines = plain_lines(text).split("\n")
    assert len(lines) == len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(part == plain(part, len(part) + 1) for line in lines for part in line.split("\t"))


@settings(max_examples=200)
@given(anything)
def test_storable_changes_only_what_no_database_holds(text: str) -> None:
    kept = storable(text)
    assert "\0" not in kept
    kept.encode()
    assert len(kept) == len(text)
    for before, after in zip(text, kept, strict=True):
        lost = before == "\0" or unicodedata.category(before) == "Cs"
        assert after == (BAD if lost else before)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_formula_becomes_a_text(start: str) -> None:
    assert csv_cell(f"{start}cmd|'/c calc'!A1") == f"'{start}cmd|'/c calc'!A1"


def test_a_leading_apostrophe_is_doubled_and_other_cells_are_untouched() -> None:
    assert csv_cell("'=1") == "''=1"
    assert csv_cell("O'Brien = fine") == "O'Brien = fine"
    assert csv_cell(None) == ""
    assert csv_cell(17) == "17"
    assert csv_cell(-5) == "'-5"


@settings(max_examples=200)
@given(anything.filter(lambda text: "\0" not in text))
def test_a_cell_gives_its_text_back_and_never_starts_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text
    file = io.StringIO(newline="")
    csv.writer(file).writerow([cell, "next"])
    assert next(csv.reader(io.StringIO(file.getvalue(), newline=""))) == [cell, "next"]


@pytest.mark.parametrize("field", ["name", "email"])
def test_hostile_values_are_harmless_everywhere(field: str) -> None:
    for values in HOSTILE:
        if field in values:
            text = str(values[field])
            assert "\x1b" not in plain(text) + masked(text)
            assert "\u202e" not in plain(text) + masked(text)
            storable(text).encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada@example.com", "a•••@e•••"),
        ("Ada Lovelace", "A•••"),
        ("", ""),
        (None, ""),
        ("@x", "•••@x•••"),
        ("\x1b[2Jada@\u202e", f"{BAD}•••@{BAD}•••"),
    ],
)
def test_masked_shows_the_first_letters_only(text: str | None, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1234, "eur", "12.34 EUR"),
        (123456789, "USD", "1,234,567.89 USD"),
        (0, "usd", "0.00 USD"),
        (-250, "usd", "-2.50 USD"),
        (5000, "jpy", "5,000 JPY"),
        (5000, "KRW", "5,000 KRW"),
        (12_345, "kwd", "12.345 KWD"),
        (500, "ugx", "5 UGX"),  # "to charge 5 UGX, provide an amount value of 500"
        (500, "ISK", "5 ISK"),
        (550, "isk", "5.50 ISK"),  # Stripe does not allow it
        (80_045, "huf", "800.45 HUF"),  # whole only for payouts
        (80_045, "twd", "800.45 TWD"),
        (None, "usd", ""),
        (5, None, ""),
        (5, "\x1b[2J", f"0.05 {BAD}[2J"),
    ],
)
def test_money(amount: int | None, currency: str | None, shown: str) -> None:
    assert money(amount, currency) == shown


def test_when_is_as_short_as_the_distance_allows() -> None:
    import time

    noon = time.mktime((2026, 3, 10, 12, 0, 0, 0, 0, -1))
    assert when(noon - 3_600, noon) == "11:00"
    month = time.strftime("%b", time.localtime(noon))
    assert when(noon - 5 * 86_400, noon).startswith(f"5 {month} ")
    assert " 2024 " in when(noon - 600 * 86_400, noon)
    assert when(None) == "never"
    assert when(noon, noon) == "12:00"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (40.4, "40 s"),
        (59.6, "1 min"),
        (400, "6 min 40 s"),
        (3_599.7, "1 h"),
        (7_500, "2 h 5 min"),
        (90_000, "25 h"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@given(st.text(max_size=60), st.text(min_size=4, max_size=12), st.integers(0, 20))
def test_no_four_characters_of_a_secret_are_left(text: str, secret: str, at: int) -> None:
    shown = without_secret(text[:at] + secret + text[at:], secret)
    for start in range(len(secret) - 3):
        part = secret[start : start + 4]
        assert part not in shown or "•" in part


def test_words_beside_a_secret_stay() -> None:
    assert without_secret("535 bad geheim1, try", "geheim1") == "535 bad •••, try"
    assert without_secret("half: eheim", "geheim1") == "half: •••"
    assert without_secret("abc", "abc") == "abc"
    assert without_secret("nothing to hide") == "nothing to hide"
