"""Lists that people bring, whatever is in them."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.invites import contact_lists, lifecycle
from app.invites.errors import StudyProblem
from app.invites.lists.list_columns import read_list
from app.invites.lists.list_status import by_status, status_words
from app.invites.mail.addresses import hasher
from tests.helpers.study_world import account, queued, study

FIRST, SECOND = "cus_00000@example.com", "cus_00001@example.com"


ADA, BOB, CEM = "ada@x.com", "bob@x.com", "cem@y.org"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\r\nb\rc\nd", ["a", "b", "c", "d"]),  # a terminal pastes lone carriage returns
        (f"\ufeffemail\n{FIRST}", [FIRST]),
        (f"Name,E-Mail\nAda,{FIRST}", [FIRST]),
        (f"Name;Email Address\nAda;{FIRST}", [FIRST]),
        (f"email\ttoken\n{FIRST}\ttk1\n{SECOND}\t", ["tk1", SECOND]),
        ('note,email\n"two\nlines",x', ["x"]),
        ('"Countess, Ada",x\n', ["Countess, Ada", "x"]),
        ("'=cmd|x\n\n ,\n", ["=cmd", "x"]),
        ("a\0b\x1b", ["a\N{REPLACEMENT CHARACTER}b\x1b"]),
        ("", []),
        ("email\n", []),
        # Several in a line, whatever separates them.
        (f"{ADA}, {BOB}, {CEM}", [ADA, BOB, CEM]),
        (f"{ADA}; {BOB}\n{CEM}", [ADA, BOB, CEM]),
        (f"{ADA}\t{BOB}\n{CEM}\t{FIRST}", [ADA, BOB, CEM, FIRST]),
        (f"{ADA} {BOB}", [ADA, BOB]),
        (f"Ada <{ADA}>, Bob B. <{BOB}>", [ADA, BOB]),
        (f"mailto:{ADA}", [ADA]),
        (f'"Lovelace, Ada" <{ADA}>; {BOB}', [ADA, BOB]),
        (f"To: {ADA}, o'brien@x.com.\n", [ADA, "o'brien@x.com"]),
        ("cus_1 cus_2, cus_3", ["cus_1", "cus_2", "cus_3"]),
        (f'Email\n"{ADA}, {BOB}"\n{CEM};{FIRST}', [ADA, BOB, CEM, FIRST]),
        # What is none of these is a name, too, which is then unknown.
        (f"{ADA}, nonsense, b@@y.com", [ADA, "nonsense", "b@@y.com"]),
        (f"email\n{ADA},{BOB}", [ADA, BOB]),
        # Whatever signs stand beside an address.
        (f"{ADA}；{BOB}，{CEM}、{FIRST}", [ADA, BOB, CEM, FIRST]),
        (f"“{ADA}”, „{BOB}“, «{CEM}»", [ADA, BOB, CEM]),
        (f"• {ADA}\n– {BOB}\n*{CEM}*, _{FIRST}_", [ADA, BOB, CEM, FIRST]),
        (f"a\u200bda@x.com\u2060 \ufeff{BOB}", [ADA, BOB]),
        (f"{ADA}/{BOB}", [ADA, BOB]),
        (f"{ADA}! {BOB}? {CEM}…{FIRST}.", [ADA, BOB, CEM, FIRST]),
        (f"mailto:{ADA}?subject=hi\nmailto:{BOB}?cc={CEM}", [ADA, BOB, CEM]),
        ("ａｄａ＠ｘ．ｃｏｍ", [ADA]),
        (f"連絡先は{ADA}です。{BOB}。", [ADA, BOB]),
        (f"Ask {ADA} and {BOB}: not {CEM}", [ADA, BOB, CEM]),
        ("a+b@x.com bob@例え.jp", ["a+b@x.com", "bob@例え.jp"]),
        ("cus_1；cus_2\n• cus_3", ["cus_1", "cus_2", "cus_3"]),
        # Never a part of an address, which is another mailbox.
        (f"o’brien@x.com josé@x.com {ADA}", ["o’brien@x.com", "josé@x.com", ADA]),
        (f"a@mail.x_y.com {ADA}", ["a@mail.x_y.com", ADA]),
        # A personal link has a token.
        (f"https://x.com/?g={'t' * 22}&l=en\nhttps://x.com/{'u' * 22}", ["t" * 22, "u" * 22]),
        # A title stands above the heading.
        (f"Report of completed interviews 2026\n\nEmail,Status\n{ADA},x\n", [ADA]),
        (f"Hello\nno more, by email\n{ADA}", ["Hello", "no more", "by email", ADA]),
        (f"Email list 2026\nMade: today\nName;Email\nAda;{ADA}\n", [ADA]),
    ],
)
def test_each_name_of_a_list_is_read(text: str, found: list[str]) -> None:
    assert read_list(text).values == found


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"Invitee Name,Invitee Email,Canceled\nAda,{ADA},false", "Invitee Email"),  # Calendly
        (f"Zeitstempel,E-Mail-Adresse\n1,{ADA}", "E-Mail-Adresse"),  # Google Forms
        (f"#,What's your email?,Score\n1,{ADA},3", "What's your email?"),  # Typeform
        (f"First Name,User Email\nA,{ADA}", "User Email"),  # Zoom
        (f"id,Respondent email\n17,{ADA}", "Respondent email"),
        (f"Host Email,Invitee Email\nme@us.com,{ADA}", "Invitee Email"),
        (f"Email opt-in,Email\nyes,{ADA}", "Email"),
        (f"Adresse électronique,Nom\n{ADA},Ada", "Adresse électronique"),
        (f"Courriel\n{ADA}", "Courriel"),
        (f"Nombre|Correo\nA|{ADA}", "Correo"),
        (f"メールアドレス,名前\n{ADA},Z", "メールアドレス"),
        (f"sep=;\nEmail;Status\n{ADA};complete", "Email"),
        (f"Naam,Contact\nAda,{ADA}", "Contact"),  # the only column of addresses
        (f"Ada,{ADA}\nBob,{ADA}", "2"),
    ],
)
def test_the_column_that_was_read_is_told(text: str, column: str) -> None:
    found = read_list(text)
    assert (found.values, found.column) == ([ADA], column)
    assert column in found.words


def test_a_status_column_decides() -> None:
    listed = read_list(
        f"Email,Status\n{ADA},Complete\n{BOB},disqualified\n{CEM},In Progress\n{FIRST},quota full\n"
    )
    assert by_status(listed, "completed") == (
        [ADA],
        {"disqualified": 1, "In Progress": 1, "quota full": 1},
    )
    assert by_status(listed, "started")[0] == [CEM]
    assert by_status(read_list(f"Email,Finished\n{ADA},TRUE\n{BOB},False"), "completed")[0] == [ADA]
    assert by_status(read_list(f"Email,State\n{ADA},Ohio"), "completed")[0] == [ADA]
    with pytest.raises(StudyProblem, match="says Abgeschlossen, which Panelist does not recognise"):
        by_status(read_list(f"Email,Status\n{ADA},Abgeschlossen"), "completed")


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        *(("Participant status", "Zugesagt"), ("Screener Status", "?"), ("Attendance", "Dabei")),
        *(("Статус", "Завершено"), ("回答状況", "完了"), ("Stan", "Ukończone")),
        *(("État", "Terminé"), ("ETAT", "Terminé"), ("Esito", "Completato"), ("Állapot", "Kész")),
        *(("Estado", "Completado"), ("Teilnahmestatus", "fertig"), ("Durum", "Tamam")),
    ],
)
def test_a_status_in_another_language_is_never_ignored(heading: str, value: str) -> None:
    with pytest.raises(StudyProblem) as raised:
        by_status(read_list(f"Email,{heading}\n{ADA},{value}\n{BOB},Completed"), "completed")
    assert f"says {value}, which Panelist" in str(raised.value)
    assert f'--where "{heading}=…"' in str(raised.value)


def test_a_status_under_a_longer_heading_decides() -> None:
    listed = read_list(
        "First name,Last name,Email,Participant status,Session date\n"
        f"Ada,L,{ADA},Completed,2026-01-02\nBob,L,{BOB},No-show,2026-01-02\nCem,L,{CEM},,\n"
    )
    names, others = by_status(listed, "completed")
    assert (names, others) == ([ADA], {"No-show": 1, "": 1})
    assert status_words(listed, others) == [
        "1 row has no status and is skipped.",
        "1 is skipped, because Participant status says “No-show”.",
    ]
    dated = f"Email,Status,Completed at,Completion code\n{ADA},Completed,2026-01-02,C1\n"
    assert by_status(read_list(dated), "completed")[0] == [ADA]
    several = f"id,Email,Screener Status,Attendance\n1,{ADA},Qualified,No-show\n"
    with pytest.raises(StudyProblem, match="“Screener Status” and “Attendance” each contain"):
        by_status(read_list(several), "completed")


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        (f"Email,Wie war es\n{ADA},fertig\n{BOB},offen\n{CEM},offen", ("Wie war es",)),
        (f"Name,Email,Date\nAda,{ADA},2026-01-02\nAda,{BOB},2026-01-02", ()),
        (f"Email,Score\n{ADA},5\n{BOB},5", ()),
        (f"Email,Canceled\n{ADA},false\n{BOB},true", ("Canceled",)),
        (f"Email,Email status\n{ADA},a\n{BOB},b", ("Email status",)),
        (f"Email,Note\n{ADA},one\n{BOB},two", ()),
        (f"{ADA},ok\n{BOB},no\n{CEM},no", ("2",)),
        (f"Contact,Other,Status\n{ADA},{BOB},done", ("Status",)),
    ],
)
def test_a_column_that_may_be_a_status_is_named(text: str, unread: tuple[str, ...]) -> None:
    listed = read_list(text)
    assert listed.unread == unread
    said = status_words(listed, by_status(listed, "completed")[1])
    assert [f"“{one}” was not read" in " ".join(said) for one in unread] == [True] * len(unread)
    assert bool(said) == bool(unread)


def test_a_second_column_of_addresses_is_named() -> None:
    listed = read_list(f"Old email,New email\n{ADA},{BOB}")
    assert listed.values == [ADA]
    assert "in the column “Old email” of 1 line." in listed.words
    assert "The column “New email” also has addresses that were not read." in listed.words


def test_a_chosen_value_decides() -> None:
    text = f"Email,Zustand\n{ADA},fertig\n{BOB},offen\n"
    found = read_list(text, "zustand=Fertig")
    assert (found.values, found.left_out) == ([ADA], 1)
    with pytest.raises(StudyProblem, match=r"no column “status”\. Its columns are: Email, Zustand"):
        read_list(text, "status=x")
    with pytest.raises(StudyProblem, match="It has no heading"):
        read_list(ADA, "status=x")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'{FIRST}\n"{SECOND}\nthird\n', 2),  # or all that follows would be one unknown line
        ('email\n\n"' + "x\n" * 100_000, 3),
        ("x" * 200_000, 1),
    ],
)
def test_what_is_no_list_is_one_sentence(text: str, line: int) -> None:
    with pytest.raises(StudyProblem, match=f"Line {line} of the list cannot be read"):
        read_list(text)


def test_an_address_an_id_and_a_token_opt_out_the_same_mailbox(store: Store) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here), "link").run
    (token,) = store.row("SELECT token FROM invite WHERE address = ?", (FIRST,))
    box = hasher(store).stored(FIRST)
    for one in (FIRST, FIRST.upper(), "cus_00000", token):
        assert contact_lists.mailboxes(store, [one]) == ([box], [])
    assert contact_lists.mailboxes(store, ["cus_9", "tk_9", str(run)]) == (
        [],
        ["cus_9", "tk_9", str(run)],
    )


def test_marks_are_for_one_account_and_opt_outs_for_all(store: Store) -> None:
    here, other = account(store, 2), account(store, 0)
    queued(store, study(store, here), "link")
    (token,) = store.row("SELECT token FROM invite WHERE address = ?", (FIRST,))
    names = (token, "cus_00000", FIRST)
    assert contact_lists.match(store, other, names, None).unknown == names
    assert contact_lists.mailboxes(store, names) == ([hasher(store).stored(FIRST)], [])


def test_who_is_no_participant_and_who_writes_is_known(store: Store) -> None:
    here = account(store, 2)
    key = study(store, here, reply_to="Replies@acme.example")
    queued(store, key, "link")
    names = [FIRST.upper(), ADA, "research@acme.example", "replies@ACME.example", "josé@x.com"]
    store.execute("UPDATE participant SET email = 'new@x.com' WHERE stripe_id = 'cus_00000'")
    assert contact_lists.strangers(store, [*names, "New@x.com"]) == [ADA, *names[2:4]]
    assert contact_lists.senders(store, names) == [(one, "Pricing") for one in names[2:4]]
    assert not contact_lists.strangers(store, [])
    invites = [one for (one,) in store.rows("SELECT id FROM invite")]
    assert lifecycle.staying(store, here, invites, "completed") == {"queued": 2}
    assert lifecycle.staying_words({"queued": 2}) == "2 are unchanged: 2 queued."
