"""What a study says: nothing but the allow-list is filled in, and nothing hostile gets out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invites.errors import StudyProblem
from app.invites.mail import template
from app.invites.mail.addresses import AddressFault, read, written
from app.invites.mail.message import compose, message_id
from app.invites.mail.template import Template, render

GOOD = Template(
    title="Pricing",
    link="https://interviews.example/p?guest={{token}}",
    sender_name="Rosa",
    sender_address="rosa@acme.example",
    reply_to="",
    subject=template.DEFAULT_SUBJECT,
    text=template.DEFAULT_TEXT,
    postal="Acme, 1 Road",
    opt_out=template.DEFAULT_OPT_OUT,
)


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        ("text", "{{ 7*7 }} {{link}} {{opt_out}}", "unknown field"),
        ("text", "{{name.__class__|x}} {{link}} {{opt_out}}", "unknown field"),
        ("text", "{{name}} {{link}} {{opt_out}}", "where nothing is known"),
        ("text", "{{nmae|there}} {{link}} {{opt_out}}", "unknown field"),
        ("text", "{% for x in y %} {{link}} {{opt_out}}", "does not start or end a field"),
        ("text", "{{link {{opt_out}}", "does not start or end a field"),
        ("text", "Hello {{opt_out}}", "has no {{link}}"),
        ("text", "Hello {{link}}", "has no {{opt_out}}"),
        ("text", "Hi\x1b]0;x\x07 {{link}} {{opt_out}}", "hidden character"),
        ("subject", "Hi\r\nBcc: eve@evil.example", "line break"),
        ("subject", "Hi\x00", "hidden character"),
        ("subject", "Hi\u202e", "hidden character"),
        ("subject", "{{link}}", "unknown field"),
        ("sender_name", "Rosa\nBcc: eve@evil.example", "line break"),
        ("sender_address", "rosa@acme.example,eve@evil.example", "more than one address"),
        ("sender_address", "rosa@acme.example\r\nBcc: eve", "cannot be used"),
        ("reply_to", "not an address", "cannot be used"),
        ("link", "http://interviews.example/{{token}}", "starts with https"),
        ("link", "javascript:alert({{token}})", "starts with https"),
        ("link", "https://interviews.example/", "needs {{token}}"),
        ("link", "https://{{token}}.example/", "after the host"),
        ("link", "https://rosa:pw@interviews.example/{{token}}", "user name"),
        ("link", "https://interviews.example/{{token}}\r\nX: y", "line break"),
        ("link", "https://interviews.example/{{token}}/{{token}}", "once"),
        ("title", "x" * 121, "longer than 120"),
    ],
)
def test_what_cannot_be_sent_is_said_at_its_place(place: str, text: str, said: str) -> None:
    with pytest.raises(StudyProblem) as found:
        template.check(replace(GOOD, **{place: text}))
    assert said in str(found.value)
    assert found.value.place == place
    assert "\x1b" not in str(found.value)


@given(st.text(max_size=60))
def test_a_name_is_never_read_as_a_template(name: str) -> None:
    made = render(GOOD, name, "TOKEN")
    assert made.text.count("https://interviews.example/p?guest=TOKEN") == 1
    for sign in "\x1b\x00\r\u202e\x9b":
        assert sign not in made.text
        assert sign not in made.subject


@given(st.text(alphabet="{}|%name_link 7*", max_size=40))
def test_only_the_allow_list_is_filled_in(text: str) -> None:
    try:
        template.check_template("", text + "{{link}}{{opt_out}}")
    except StudyProblem:
        return
    made = render(replace(GOOD, text=text + "{{link}}{{opt_out}}"), "Ada", "TOKEN").text
    assert "{{" not in made


@pytest.mark.parametrize(
    ("name", "hello"),
    [
        ("Ada Lovelace", "Hello Ada Lovelace,"),
        ("{{link}}", "Hello {{link}},"),
        ("see https://evil.example", "Hello there,"),
        ("eve@evil.example", "Hello there,"),
        ("  ", "Hello there,"),
        (None, "Hello there,"),
        ("x" * 300, "Hello there,"),
    ],
)
def test_how_somebody_is_called(name: str | None, hello: str) -> None:
    assert render(GOOD, name, "T").text.startswith(hello)


@pytest.mark.parametrize(
    ("email", "box"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("a@b.example,evil@x.example", AddressFault.SEVERAL),
        ("a@b.example evil@x.example", AddressFault.SEVERAL),
        ("a@b.example\r\nBcc: evil@x.example", AddressFault.CONTROL),
        ("a\x00@b.example", AddressFault.CONTROL),
        ("a\u202e@b.example", AddressFault.CONTROL),
        ("<script>@b.example", AddressFault.FORM),
        ('"a b"@b.example', AddressFault.FORM),
        ("ä@b.example", AddressFault.LETTERS),
        ("a@localhost", AddressFault.HOST),
        ("a@[127.0.0.1]", AddressFault.HOST),
        ("a@b.invalid", AddressFault.HOST),
        ("a@", AddressFault.FORM),
        ("x" * 65 + "@b.example", AddressFault.LONG),
        ("a@" + "b" * 300 + ".example", AddressFault.LONG),
    ],
)
def test_which_mailbox_an_address_is(email: str, box: str | AddressFault) -> None:
    assert read(email) == box


@given(st.text(max_size=40))
def test_whatever_is_written_to_has_one_recipient(email: str) -> None:
    to = written(email)
    if isinstance(to, AddressFault):
        return
    mail = compose(GOOD, to, "Ada", "T", message_id(b"key", 1, "invite", GOOD.sender_address))
    assert len(mail["To"].addresses) == 1
    assert mail.as_bytes().split(b"\r\n\r\n")[0].count(b"\r\nTo:") <= 1


def test_the_same_invite_has_the_same_message_id() -> None:
    ids = [
        message_id(key, invite, kind, "rosa@acme.example")
        for key, invite, kind in ((b"a", 1, "invite"), (b"a", 2, "invite"), (b"b", 1, "invite"),
                                  (b"a", 1, "reminder"), (b"a", 1, "invite"))
    ]  # fmt: skip
    assert len(set(ids)) == 4
    assert ids[0] == ids[-1]
    assert all(one.endswith("@acme.example>") for one in ids)
