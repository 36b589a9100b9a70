"""The control sequences of notices."""

from __future__ import annotations

import pytest

from app.services.terminal_notices import TerminalNotices

TEXT = "Invites for “Pricing”: 3 sent."


def written(*kinds: str, text: str = TEXT) -> str:
    sent: list[str] = []
    notices = TerminalNotices(kinds, sent.append)
    notices.show(text)
    return "".join(sent)


@pytest.mark.parametrize(
    ("kind", "sequence"),
    [
        ("bell", "\a"),
        ("title", f"\x1b]2;◆ {TEXT}\x1b\\"),
        ("osc9", f"\x1b]9;{TEXT}\x1b\\"),
        ("osc777", f"\x1b]777;notify;Panelist;{TEXT}\x1b\\"),
        ("osc99", f"\x1b]99;;{TEXT}\x1b\\"),
    ],
)
def test_each_kind_has_its_sequence(kind: str, sequence: str) -> None:
    assert written(kind) == sequence


def test_foreign_words_cannot_end_a_sequence_or_begin_one() -> None:
    said = written("osc777", "title", text="a\x1b]52;c;eA==\x07;b\x9c")
    assert said.count("\x1b") == 4, "two sequences, each with its end"
    assert ";c;" not in said
    assert "\x9c" not in said


def test_the_title_is_kept_marked_cleared_and_given_back() -> None:
    sent: list[str] = []
    notices = TerminalNotices(("title",), sent.append)
    notices.start()
    notices.seen()
    notices.show("Done.")
    notices.seen()
    notices.seen()
    notices.end()
    assert sent == [
        "\x1b[22;2t\x1b]2;Panelist\x1b\\",
        "\x1b]2;◆ Done.\x1b\\",
        "\x1b]2;Panelist\x1b\\",
        "\x1b[23;2t",
    ]


def test_without_kinds_nothing_is_written() -> None:
    assert written() == ""
