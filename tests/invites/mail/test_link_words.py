"""Words that are a link: readable as text, safe as HTML, and nothing of a customer becomes one."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invites.errors import StudyProblem
from app.invites.mail import template
from app.invites.mail.message import compose
from app.invites.mail.template import Template, render
from tests.invites.test_template import GOOD

TEXT = """Hello {{name|there}},

[choose a time]({{link}}), or read [how we work](https://acme.example/a?b=1&c=2).
Or copy {{link}}

{{opt_out}}
"""
WORDED = replace(GOOD, text=TEXT)
LINK = "https://interviews.example/p?guest=TOKEN"


class Parsed(HTMLParser):
    """What an HTML part shows, with its tags and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.shown = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert [name for name, _ in attrs] == (["href"] if tag == "a" else [])
        self.links += [str(value) for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.shown += data


def mail_of(made: Template, name: str | None = "Ada") -> EmailMessage:
    """As a mail server gets it."""
    mail = compose(made, "ada@example.com", name, "TOKEN", "<1@acme.example>").as_bytes()
    assert mail.isascii()
    assert max(map(len, mail.splitlines())) <= 998  # RFC 5322, 2.1.1
    return message_from_bytes(mail, policy=default)


def test_both_say_the_same() -> None:
    template.check(WORDED)
    mail = mail_of(WORDED)
    assert mail.get_content_type() == "multipart/alternative"
    text, html = (part.get_content().replace("\r", "") for part in mail.iter_parts())
    assert text == (
        f"Hello Ada,\n\nchoose a time <{LINK}>, or read how we work"
        f" <https://acme.example/a?b=1&c=2>.\nOr copy {LINK}\n\n{GOOD.opt_out}\n"
    )
    assert html == (
        "<!DOCTYPE html>\n<html>\n<body>\n<p>Hello Ada,</p>\n"
        f'<p><a href="{LINK}">choose a time</a>, or read'
        ' <a href="https://acme.example/a?b=1&amp;c=2">how we work</a>.<br>\n'
        f'Or copy <a href="{LINK}">{LINK}</a></p>\n'
        f"<p>{GOOD.opt_out}</p>\n</body>\n</html>\n"
    )


def test_without_words_it_is_text_alone() -> None:
    made = render(GOOD, "Ada", "TOKEN")
    assert (made.html, made.link_words, made.html_note) == (None, (), "")
    assert mail_of(GOOD).get_content_type() == "text/plain"


def test_another_try_is_the_same_message() -> None:
    first, second = (compose(WORDED, "a@b.example", "Ada", "T", "<1@x>") for _ in range(2))
    del first["Date"], second["Date"]
    assert first.as_bytes() == second.as_bytes()


@given(st.text(max_size=60))
@pytest.mark.parametrize("around", ["{}", "[{}](https://evil.example)", "<img src={}>", "&{};"])
def test_a_name_makes_no_link_and_no_tag(around: str, name: str) -> None:
    html = render(WORDED, around.format(name), "TOKEN").html
    assert html
    found = Parsed(html)
    assert found.tags <= {"html", "body", "p", "br", "a"}
    assert found.links == [LINK, "https://acme.example/a?b=1&c=2", LINK]


def test_a_name_may_be_in_the_words() -> None:
    made = render(replace(GOOD, text="[for {{name|you}}]({{ link }}) {{opt_out}}"), "A<b>", "TOKEN")
    assert made.text.startswith(f"for A<b> <{LINK}> ")
    assert made.html
    assert "for A&lt;b&gt;</a>" in made.html
    assert made.html_note == ("The email has this text as HTML too, in which “for A<b>” is a link.")


@pytest.mark.parametrize(
    "wrong",
    [
        "[here](http://acme.example)",
        "[here](javascript:alert(1))",
        "[here]( {{link}} )",
        '[here](https://a.example"onclick=x)',
        "[](https://a.example)",
        "[here]({{name|x}})",
        "![picture](file.png)",
    ],
)
def test_what_is_no_link_is_said_at_its_place(wrong: str) -> None:
    text = f"Hello\nyou {wrong} {{{{link}}}} {{{{opt_out}}}}"
    with pytest.raises(StudyProblem) as caught:
        template.check(replace(GOOD, text=text))
    said = str(caught.value)
    assert "line 2, column" in said
    assert "[your words]({{link}})" in said
    assert caught.value.place == "text"


def test_letters_of_any_script_in_seven_bits() -> None:
    mail = mail_of(replace(WORDED, text=TEXT.replace("choose a time", "Zeit wählen 你好")), "Åsa")
    text, html = (part.get_content() for part in mail.iter_parts())
    assert "Zeit wählen 你好 <" in text
    assert ">Zeit wählen 你好</a>" in html
