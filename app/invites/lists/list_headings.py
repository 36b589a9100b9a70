"""What the headings of lists mean: which column names a participant, and which says a status.

Tools and researchers write headings in their own language, so a heading counts if it contains a
known word. Case, accents and the spelling of spaces do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from app.invites.lists.list_addresses import addresses_in, is_name

MOSTLY = 0.5
SAMPLE = 1_000  # rows that show what a further column is
FEW = 10  # different values of a column that may say a status
_NUMERIC = re.compile(r"[\d\W_]*")  # a number, a date or a time


def folded(heading: str) -> str:
    """A heading or a value, so that spelling does not matter."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"\s+", "_", text.strip())


def without_accents(heading: str) -> str:
    """A folded heading whose letters have no accents, as many people type them."""
    parts = unicodedata.normalize("NFKD", folded(heading))
    kept = "".join(one for one in parts if unicodedata.category(one) != "Mn")
    return unicodedata.normalize("NFC", kept)


def _words(*words: str) -> tuple[str, ...]:
    return tuple(map(without_accents, words))


# Headings of columns that name a participant, the preferred first.
TOKENS = ("token",)
EMAILS = _words(
    *("email", "e-mail", "e_mail", "mail_address", "mailadresse", "courriel", "adresse_mél"),
    *("correo", "e-post", "epost", "sähköposti", "почт", "メール", "邮箱", "郵箱", "电子邮件"),
    *("電子郵件", "이메일", "البريد", "ηλεκτρονικ", "posta_elettronica", "e-posta"),
)
EXACT_EMAILS = ("email", "e-mail", "email_address", "e-mail_address", "mail", "address")
IDS = ("stripe_id", "stripe_customer_id", "customer", "customer_id", "id")
# Words of a heading whose address is that of the researcher or the tool, and of one that is not.
OTHERS = ("host", "organizer", "organiser", "interviewer", "owner", "sender", "from", "assigned")
OURS = ("invitee", "respondent", "participant", "guest", "attendee", "recipient", "user")

# A heading of a status contains one of these.
_STATUS_PARTS = _words(
    *("status", "statut", "disposition", "attendance", "completion", "situación"),
    *("situação", "situazione", "toestand", "tilanne", "κατάσταση", "статус", "состояние"),
    *("ステータス", "状況", "状態", "状态", "狀態", "상태", "الحالة", "สถานะ", "סטטוס"),
    *("trạng_thái", "स्थिति", "bearbeitungsstand"),
)
# Or it has one of these as a word. They are too short or too common to be a part of others.
_STATUS_WORDS = _words(
    *(
        "zustand",
        "finished",
        "completed",
        "complete",
        "attended",
        "state",
        "outcome",
        "result",
        "progress",
    ),
    *("estado", "stato", "état", "esito", "stan", "állapot", "stav", "stare", "durum", "durumu"),
    *("tila", "olek", "stanje", "ergebnis", "résultat", "resultado", "risultato", "wynik"),
    *("výsledek", "výsledok", "eredmény", "sonuç", "resultaat", "resultat", "rezultat"),
    *("tulos", "rezultatas", "būsena", "statuss", "stadie", "tillstånd", "tilstand", "asistencia"),
    *("asistió", "présence", "anwesenheit", "teilnahme", "teilgenommen", "abgeschlossen"),
    *("presenza", "frekwencja", "присутствие", "результат", "стан", "結果", "结果", "결과"),
)
# With one of these words a heading is of something beside the status, such as "Completed at".
_BESIDE = (
    "at",
    "on",
    "by",
    "date",
    "time",
    "code",
    "url",
    "link",
    "note",
    "notes",
    "comment",
    "id",
)
# Columns that say yes or no, such as Finished of Qualtrics.
FLAGS = ("finished", "completed", "complete", "attended")
# Headings that also mean something else, such as a country's states.
DOUBTFUL = ("state", "outcome", "result", "estado", "stato", "progress")

# Headings of columns whose values repeat and say nothing of a reply: names and dates.
_PERSONAL = _words(
    *("name", "firstname", "lastname", "surname", "vorname", "nachname", "nom", "prénom", "nome"),
    *("nombre", "apellido", "apellidos", "cognome", "sobrenome", "naam", "navn", "namn", "imię"),
    *("nazwisko", "név", "jméno", "příjmení", "имя", "фамилия", "名前", "氏名", "姓名", "이름"),
    *("date", "time", "timestamp", "datum", "fecha", "data", "zeit", "дата", "日付", "日期"),
)

# Parts of headings whose column may say with a yes or no who counts.
_HINTS = ("cancel", "no_show", "no-show", "noshow", "attend", "eligib", "qualif", "storn", "annul")


def is_heading(cell: str) -> bool:
    """Whether a cell is a heading of a column that names a participant."""
    name = folded(cell)
    return is_exact(cell) or any(word in without_accents(name) for word in EMAILS)


def is_exact(cell: str) -> bool:
    """Whether a cell is one of the known headings, and no more."""
    name = folded(cell)
    return name in TOKENS or name in EXACT_EMAILS or name in IDS


def is_email(heading: str) -> bool:
    """Whether a heading contains a word for an email address."""
    name = without_accents(heading)
    return any(word in name for word in EMAILS)


def is_status(heading: str) -> bool:
    """Whether a heading is that of a status."""
    name = without_accents(heading)
    if has_word(name, _BESIDE):
        return False
    return any(word in name for word in _STATUS_PARTS) or has_word(name, _STATUS_WORDS)


def has_word(heading: str, words: Sequence[str]) -> bool:
    """Whether a folded heading has one of these words."""
    return any(word in words for word in re.split(r"[^\w]+|_", heading))


def may_be_status(heading: str) -> bool:
    """Whether a column with this heading may say who counts."""
    return is_status(heading) or any(word in without_accents(heading) for word in _HINTS)


def is_personal(heading: str) -> bool:
    """Whether a heading names a column of names or dates."""
    return has_word(without_accents(heading), _PERSONAL)


def likeness(cells: Sequence[str]) -> int:
    """How much a row is like a heading: 0 if no cell of it names participants."""
    score = sum(2 * is_exact(cell) + is_heading(cell) for cell in cells)
    return score + sum(map(is_status, cells)) if score else 0


def name_places(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The places of known headings, the preferred first. A heading that only contains a known word
    counts if most of its cells are addresses, or if it has no cell."""
    found = [at for at, name in enumerate(heading) if name in TOKENS]
    exact = [heading.index(name) for name in EXACT_EMAILS if name in heading]
    if not found and not exact:  # such as "Guest token"
        found = [at for at, name in enumerate(heading) if "token" in name.split("_")]
    similar = [
        at
        for at, name in enumerate(heading)
        if at not in exact and is_email(name) and (not rows or share(rows, at) >= MOSTLY)
    ]
    similar = [at for at in similar if not has_word(heading[at], OTHERS)] or similar
    similar.sort(key=lambda at: not has_word(heading[at], OURS))
    emails = exact or similar[:1]
    ids = [heading.index(name) for name in IDS if name in heading]
    if emails or found:  # a tool's own number of a row is not Stripe's
        ids = [at for at in ids if heading[at] != "id" or share(rows, at) >= MOSTLY]
    return (*found, *emails, *ids)


def share(rows: Sequence[Sequence[str]], at: int, *, email: bool = False) -> float:
    """Which part of a column's cells, of those that are not empty, each name a participant, or each
    have an email address."""
    cells = [row[at] for row in rows if at < len(row) and row[at]]
    if not cells:
        return 0.0
    return sum(bool(addresses_in(cell)) if email else is_name(cell) for cell in cells) / len(cells)


def status_places(rows: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The places of columns that say a status, those first whose heading means nothing else. A
    column of addresses is none, such as that of "Completed by"."""
    found = [
        at
        for at, cell in enumerate(rows[0])
        if is_status(cell) and not is_email(cell) and share(rows[1 : SAMPLE + 1], at) < MOSTLY
    ]
    sure = [at for at in found if folded(rows[0][at]) not in DOUBTFUL]
    return tuple(sure or found[:1])


def repeats(cells: Sequence[str]) -> bool:
    """Whether cells have few different values, which are words."""
    written = set(cells)
    if len(written) > 3 * FEW:  # so that a long list costs little
        return False
    values = {folded(cell) for cell in written}
    if len(values) > FEW or len(values) == len(cells):
        return False
    return any(not _NUMERIC.fullmatch(value) for value in values)
