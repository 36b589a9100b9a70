"""Finds the addresses, Stripe ids and tokens in a text, whatever stands around them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from app.invites.mail.addresses import read

# Soft hyphens, joiners, direction marks and byte order marks: no one sees them.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
# Signs that an atom may have (RFC 5322, 3.2.3), but for those that separate addresses in a list.
_SIGNS = r"!#$%&'*+/=?^_`{}~-"
# A typographic apostrophe or hyphen within a word belongs to it: what follows is another mailbox.
_LOCAL = rf"[\w{_SIGNS}](?:[\w.{_SIGNS}]|(?<=\w)[\u2019\u2010\u2013](?=\w))*"
_HOST = r"\w(?:[\w.-]*\w)?"
_BEFORE_AT = re.compile(rf"{_LOCAL}\Z")
_FROM_AT = re.compile(rf"@({_HOST})")
_WINDOW = 200  # characters before an @ in which the rest of the address is looked for
_PARAMETER = re.compile(r".*[?&][\w-]+=|(?:e-?mail|to|cc|bcc)=", re.IGNORECASE)
# Scripts that are written without spaces: an address ends where they begin.
_UNSPACED = "\u0e00-\u0eff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af"
_BEFORE = re.compile(rf".*[{_UNSPACED}]")
_AFTER = re.compile(rf"(?<=[A-Za-z0-9])[{_UNSPACED}].*")
_ADDRESS_SPAN = re.compile(r"[\s<>,;:|\"()\[\]\\]+")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # as app.invites.sending.outbox makes them
_IN_LINK = re.compile(r"[=/]([A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])")
_BETWEEN = re.compile(r"[\s,;|/\"'“”„‟‘’‚«»‹›「」『』•‣▪●·・、。]+")
SEPARATORS = "\t;,|"


def visible(text: str) -> str:
    """A text without the characters that no one sees."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def addresses_in(text: str) -> list[str]:
    """Every address anywhere in a text, each once."""
    found = (one for one, _ in _found(_simple(text)))
    return list(dict.fromkeys(one for one in found if isinstance(read(one), str)))


def is_name(cell: str) -> bool:
    """Whether a cell by itself names a participant: an address, a Stripe id, a token or a link."""
    if cell.startswith("cus_") or _TOKEN.fullmatch(cell) or _tokens(cell):
        return True
    return "@" in _simple(cell) and bool(addresses_in(cell))


def split(cell: str) -> Iterator[str]:
    """The names in a cell: several addresses, as ``Ada <ada@example.com>`` or after ``mailto:``, or
    several ids, tokens or personal links. What is none of these is one name, which is unknown."""
    cell = _simple(cell).strip(SEPARATORS + " ")
    if isinstance(read(cell), str):
        yield cell
    elif tokens := _tokens(cell):
        yield from tokens
    elif "@" in cell:
        yield from _addresses(cell)
    elif cell:
        parts = [part for part in _BETWEEN.split(cell) if part]
        yield from parts if parts and all(map(is_name, parts)) else [cell]


def _simple(text: str) -> str:
    """The text with full-width characters replaced by plain ones. NFKC would turn an ellipsis into
    three full stops, so it becomes a space first."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", visible(text).replace("…", " "))


def _tokens(cell: str) -> list[str]:
    """The tokens of the personal links in a cell."""
    links = [part for part in cell.split() if "://" in part] if "://" in cell else []
    return [token for link in links for token in _IN_LINK.findall(link)]


def _addresses(cell: str) -> Iterator[str]:
    """The addresses of a cell, usable or not, and what else has an @."""
    found = list(_found(cell))
    if not any(isinstance(read(one), str) for one, _ in found):
        yield cell
        return
    yield from (one for one, _ in found)
    at, rest = 0, ""
    for _, (begin, end) in found:
        rest, at = rest + cell[at:begin], end
    rest += cell[at:]
    yield from (part for part in _ADDRESS_SPAN.split(rest) if "@" in part)


def _found(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """What looks like an address, and where it stands."""
    end = 0
    for match in _FROM_AT.finditer(text):
        at, host = match.start(), match[1]
        begin = max(end, at - _WINDOW, text.rfind("\n", end, at) + 1)
        before = _BEFORE_AT.search(text, begin, at)
        if before is None:
            continue
        if not host.isascii():
            host = _host(host)
        end = match.start(1) + len(host)
        local = _PARAMETER.sub("", before[0])
        if not local.isascii():
            local = _BEFORE.sub("", local)
        local = local.lstrip("/'*!?=&#~^$%{}`.")
        if host.endswith("_"):  # _emphasis_
            local, host = local.removeprefix("_"), host.rstrip("_")
        yield f"{local}@{host}", (before.start(), end)


def _host(host: str) -> str:
    """A host without the words of a script that has no spaces after it."""
    first, dot, last = host.rpartition(".")
    return f"{first}{dot}{_AFTER.sub('', last)}"
