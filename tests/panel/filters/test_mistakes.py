"""What is not a filter gives one sentence with the place, whatever it is."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.panel.filters.errors import FilterError, pointed
from app.panel.filters.grammar import CONDITIONS, DEPTH, LENGTH
from app.panel.filters.parse import parse
from app.panel.filters.unparse import unparse
from app.text import plain

# (text, the wrong part with ‹ › around it or ‸ where something is missing, words of the sentence)
BROKEN = [
    ("", "‸", "A condition is missing"),
    ("   ", "‹   ›", "A condition is missing"),
    ("‹emial›:x", None, "Unknown field “emial” at 1. Did you mean email?"),
    ("status:active AND ‹emial›:x", None, "at 19. Did you mean email?"),
    ("‹stripe_id›:x", None, "Did you mean id?"),
    ("‹cancelled_at›>now", None, "Did you mean canceled_at?"),
    ("‹segment›:active", None, "Did you mean in?"),
    ("‹xyzzy›:1", None, "Unknown field “xyzzy” at 1."),
    ("‹имя›:x", None, "Unknown field “имя” at 1."),
    ("‹deleted›:true", None, "Unknown field “deleted”"),
    ("‹metadata›:x", None, "needs a key"),
    ('‹metadata["a"]›', None, "needs an operator and a value"),
    ("‹email›", None, "needs an operator and a value"),
    ("‹email›  AND name:x", None, "needs an operator"),
    ('‹email› "x"', None, "needs an operator"),
    ("‹foo›", None, "is not a condition"),
    ("‹foo› bar", None, "is not a condition"),
    ("‹statu›", None, "Did you mean status?"),
    ("‹has› email", None, "has:email"),
    ("‹in›", None, 'in:"active"'),
    ("‹email:›", None, "needs a value"),
    ("‹email:› name:x", None, "needs a value"),
    ("‹email:› AND name:x", None, "needs a value"),
    ("‹email:›and", None, "needs a value"),
    ("(‹email:›)", None, "needs a value"),
    ("‹email:›(x)", None, "needs a value"),
    ("‹metadata.k:›", None, "needs a value"),
    ('‹name:›metadata["x"]', None, "needs a value"),
    ("status:‹activ›", None, "Did you mean active?"),
    ("status:‹cancelled›", None, "Did you mean canceled?"),
    ('status:‹""›', None, "status needs one of"),
    ("interval:‹monthly›", None, "Did you mean month?"),
    ("created>‹2026-02-30›", None, "“2026-02-30” at 9 is not a valid date"),
    ("created>‹2026-13-01›", None, "is not a valid date"),
    ("created>‹2026-01-01T25:00›", None, "is not a valid date"),
    ("created>‹2026-01-01T10:61›", None, "is not a valid date"),
    ("created>‹0000-01-01›", None, "is not a valid date"),
    ("created>‹0001-01-01T00:00+02:00›", None, "is not a valid date"),
    ("created>‹2026-01-01T00:00+25:00›", None, "is not a valid date"),
    ("created>‹soon›", None, "created needs a date, such as 2026-01-01 or -90d, not “soon” at 9."),
    ("created>‹2026›", None, "created needs a date"),
    ("created>‹2026-01›", None, "created needs a date"),
    ("created>‹01.02.2026›", None, "created needs a date"),
    ("created>‹-90x›", None, "created needs a date"),
    ("created>‹90d›", None, "Write -90d for the past"),
    ("created>‹-999999999999d›", None, "too far away"),
    ("created>‹-100000y›", None, "too far away"),
    ("created:‹-90d›", None, "Use > or <"),
    ("created!=‹now›", None, "Use > or <"),
    ("created>‹٢٠٢٦-٠١-٠١›", None, "created needs a date"),
    ('created>‹""›', None, "created needs a date"),
    ("created‹~›2026", None, "created cannot be used with ~ at 8"),
    ("email‹>›x", None, "email cannot be used with > at 6. Use : != or ~."),
    ("status‹~›act", None, "cannot be used with ~"),
    ("status‹>=›active", None, "cannot be used with >="),
    ("subscriptions‹~›1", None, "cannot be used with ~"),
    ('metadata["a"]‹>›1', None, "cannot be used with >"),
    ("has‹>›email", None, "Use : or !="),
    ("in‹~›active", None, "Use : or !="),
    ("email‹>›null", None, "cannot be used"),
    ("created>‹null›", None, "Nothing is > null"),
    ('email~‹""›', None, "the one at 7 is empty"),
    ("email‹==›x", None, "Did you mean =?"),
    ("email‹:~›x", None, "Did you mean ~?"),
    ("created‹=>›2026-01-01", None, "Did you mean >=?"),
    ("email‹!~›x", None, "Unknown operator"),
    ("amount>‹x›", None, "amount needs an amount"),
    ("amount>‹1,000›", None, "amount needs an amount"),
    ("amount>‹1e9›", None, "amount needs an amount"),
    ("amount>‹9999999999999›", None, "amount needs an amount"),
    ("subscriptions>‹1.5›", None, "subscriptions needs a whole number"),
    ("subscriptions>‹-1›", None, "subscriptions needs a whole number"),
    ("subscriptions>‹many›", None, "subscriptions needs a whole number"),
    ("has:‹emial›", None, "Did you mean email?"),
    ("has:‹null›", None, "Unknown field"),
    ("status:active AND‸", None, "A condition is missing after “AND” at 15"),
    ("status:active OR   ", "status:active OR‸   ", "A condition is missing after “OR”"),
    ("‹AND› status:active", None, "A condition is missing before AND at 1"),
    ("status:active OR ‹OR› name:x", None, "A condition is missing before OR at 18"),
    ("status:active AND ‹or› name:x", None, "A condition is missing before or at 19"),
    ("NOT‸", None, "A condition is missing after “NOT”"),
    ("-‸", None, "A condition is missing after “-”"),
    ("NOT ‹AND› name:x", None, "A condition is missing before AND"),
    ("‹()›", None, "There is nothing between the parentheses at 1"),
    ("subscription‹()›", None, "There is nothing between the parentheses at 13"),
    ("(status:active AND ‹)›", None, "before the parenthesis at 20"),
    ("‹(›status:active", None, "The parenthesis at 1 is not closed"),
    ("((status:active) OR ‹(›name:x", None, "The parenthesis at 21 is not closed"),
    ("status:active‹)›", None, "The parenthesis at 14 has no opening parenthesis"),
    ("‹)›(", None, "The parenthesis at 1 has no opening parenthesis"),
    ('email:‹"abc›', None, "The quote at 7 is not closed"),
    ("email:‹'abc›", None, "The quote at 7 is not closed"),
    ("name:O‹'Brien›", None, "The quote at 7 is not closed"),
    ('email:‹"abc\\"›', None, "is not closed"),
    ('email:‹"›', None, "is not closed"),
    ('‹"foo"›', None, "has no field"),
    ('status:active ‹"foo"›', None, "has no field"),
    ('name:"a‹\\q›b"', None, "“\\q” at 8 is not an escape"),
    ('name:"‹\\u12›"', 'name:"‹\\u›12"', "is not an escape"),
    ('name:"‹\\ud800›"', None, "is not a character"),
    ('name:"‹\\u0000›"', None, "is not a character"),
    ('metadata["‹\\x›"]:a', None, "is not an escape"),
    ('name:"a‹\t›b"', None, "Write \\t instead"),
    ('name:"a‹\n›b"', None, "Write \\n instead"),
    ('name:"a‹\x1b›b"', None, "a control character (U+001B)"),
    ("name:a‹\0›", None, "a control character (U+0000)"),
    ("‹\x07›", None, "a control character (U+0007)"),
    ("name:a‹\x85›", None, "a control character (U+0085)"),
    ("name:a‹\udcff›", None, "not UTF-8 text"),
    ("name:‹“›Ada”", None, "The quote “ at 6 is a typographic quote"),
    ("‹:›x", None, "A field is missing before “:” at 1"),
    ("‹!›status:active", None, "write - or NOT"),
    ("status:active ‹=› x", None, "A field is missing before “=”"),
    ("status:active ‹&&› name:x", None, "Write AND"),
    ("status:active ‹||› name:x", None, "Write OR"),
    ("‹email›[0]:x", None, "needs an operator"),
    ("‹[›email]:x", None, "The bracket at 1 is out of place"),
    ("‹metadata›[:x", None, "needs an operator"),
    ("‹subscription›:x", None, 'subscription(status:"active")'),
    ("subscription(‹email›:x)", None, "“email” at 14 is about the participant"),
    ("subscription(status:active AND NOT (‹in›:all))", None, "is about the participant"),
    ("subscription(‹created›>now)", None, "use started"),
    ("subscription(has:subscription)", "subscription(‹has›:subscription)", "about the participant"),
    ("subscription(subscription(‹s›tatus:active))", None, "inside subscription"),
    ("status:‹active,› name:x", None, "status needs one of"),
]


def marked(text: str, shown: str | None) -> tuple[str, int, int]:
    """The text without the marks, and where they stood."""
    shown = text if shown is None else shown
    if "‸" in shown:
        at = shown.index("‸")
        return shown.replace("‸", ""), at, at
    start, end = shown.index("‹"), shown.index("›") - 1
    return shown.replace("‹", "").replace("›", ""), start, end


@pytest.mark.parametrize(("text", "shown", "words"), BROKEN, ids=[repr(one[0]) for one in BROKEN])
def test_a_sentence_with_the_place(text: str, shown: str | None, words: str) -> None:
    bare, start, end = marked(text, shown)
    with pytest.raises(FilterError) as caught:
        parse(bare)
    error = caught.value
    assert words in error.sentence
    assert (error.start, error.end, error.text) == (start, end, bare)
    assert f"at {start + 1}" in error.sentence or f"{start + 1}" in error.sentence or start == end
    assert error.sentence[0].isalpha() or error.sentence[0] in "“~\\!"
    assert error.sentence.endswith((".", "?"))
    assert error.sentence.isprintable()
    assert str(pickle.loads(pickle.dumps(error))) == error.sentence


def test_too_long() -> None:
    longest = f'name:"{"x" * (LENGTH - 7)}"'
    assert len(unparse(parse(longest))) == LENGTH
    with pytest.raises(FilterError, match=f"at most {LENGTH:,} characters, and this one has") as e:
        parse(longest + " ")
    assert (e.value.start, e.value.end) == (LENGTH, LENGTH + 1)


DATES = ("started", "trial_end", "cancel_at", "canceled_at", "ended_at", "period_end")


@pytest.mark.parametrize(
    "text",
    [
        "(" * (DEPTH + 1) + "status:active" + ")" * (DEPTH + 1),
        "(" * 1_900 + "a:b" + ")" * 1_900,
        "NOT " * 900 + "email:x",
        "-" * 3_900 + "email:x",
        "-(" * 59 + "-" * 200 + "email:x" + ")" * 59,
        "subscription(" * 70 + "status:active" + ")" * 70,
    ],
)
def test_too_deep(text: str) -> None:
    with pytest.raises(FilterError, match=r"is the limit|nested too deep"):
        parse(text)


def test_as_deep_as_it_goes() -> None:
    text = "(NOT " * DEPTH + "status:active" + ")" * DEPTH
    assert parse(unparse(parse(text))) == parse(text)


def test_too_many_conditions() -> None:
    some = " OR ".join(["id:a"] * CONDITIONS)
    parse(some)
    with pytest.raises(FilterError, match=f"at most {CONDITIONS} conditions"):
        parse(some + " OR id:a")


def test_too_many_alternatives() -> None:
    """Each bracket asks for other values of the same field, so all pairs are other matches."""
    many = " ".join(f"(product:a{n} OR product:b{n})" for n in range(12))
    with pytest.raises(FilterError, match="too many alternatives"):
        parse(many)
    with pytest.raises(FilterError, match="too many alternatives"):
        parse(" ".join(f"{field}:2026-01-0{day}" for field in DATES for day in range(1, 9)))


@settings(max_examples=300)
@given(
    st.text(st.sampled_from(list("()\"'\\:=<>~!-[]., \n\tand")) | st.characters(), max_size=40)
    | st.lists(
        st.sampled_from(
            [
                *("status", ":", "active", '"', "'", "(", ")", " ", "AND", "OR ", "NOT ", "-", "~"),
                *('metadata["k"]', "metadata[", "]", "created", ">", "-90d", "2026-01-01", "\\"),
                *("has:", "in:", "subscription(", "null", "email", "\u00a0", "\ud800", "\0", "é"),
            ]
        ),
        max_size=14,
    ).map("".join)
)
def test_anything_is_a_filter_or_a_sentence(text: str) -> None:
    error = None
    try:
        rule = parse(text)
    except FilterError as caught:
        error = caught
    if error is None:
        assert parse(unparse(rule)) == rule
        return
    assert 0 <= error.start <= error.end <= len(text)
    assert error.sentence.endswith((".", "?"))
    assert error.sentence == plain(error.sentence, 2_000)
    line, carets = pointed(error).split("\n")
    assert line == plain(line, 2_000)
    assert set(carets) <= {" ", "^"}
    assert "^" in carets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("emial:x AND name:y", "emial:x AND name:y\n^^^^^"),
        ("name:日本 AND emial:x", "name:日本 AND emial:x\n" + " " * 14 + "^^^^^"),
        ("name:é\u0301 OR emial:x", "name:é\u0301 OR emial:x\n" + " " * 10 + "^^^^^"),
        ("name:\u202ea OR emial:x", "name:�a OR emial:x\n" + " " * 11 + "^^^^^"),
        ("name:a\nOR\nemial:x", "name:a OR emial:x\n" + " " * 10 + "^^^^^"),
        ("email:", "email:\n^^^^^^"),
        ("NOT", "NOT\n   ^"),
    ],
)
def test_carets_stand_under_the_place(text: str, shown: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert pointed(caught.value) == shown


def test_carets_of_a_long_filter_fit_a_terminal() -> None:
    text = " OR ".join(f"name:{'x' * 20}" for _ in range(40))
    with pytest.raises(FilterError) as caught:
        parse(text + " OR emial:x OR " + text)
    line, carets = pointed(caught.value).split("\n")
    assert len(line) <= 76
    assert line[carets.index("^") :].startswith("emial:x")
    assert carets.count("^") == 5


def test_nothing_takes_long() -> None:
    """No text that is allowed may hold up a screen on which it is typed."""
    bad = ["a:" + "b" * 3_990, "a " * 2_000, '"' + "\\" * 3_990, "x:" * 1_999, "[" * 4_000]
    bad += ['metadata["' + "\\" * 3_900, "((((" + " " * 3_900, "-" * 4_000, "id:a " * 800]
    parse("id:a")
    for text in bad:
        start = time.process_time()
        with pytest.raises(FilterError):
            parse(text)
        assert time.process_time() - start < 0.5, text[:20]
