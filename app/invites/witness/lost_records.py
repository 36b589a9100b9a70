"""What a database lacks that the witness knows: who was sent something, and who wants nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.db.store import Store
from app.invites.mail.addresses import hasher, read
from app.invites.states import written_to
from app.invites.witness.witness import OPT_OUTS
from app.invites.witness.witness_file import KNOWN, NOT, UNCERTAIN, WitnessLine

CHUNK = 10_000
_LIFTED = {"erased": "erased-lifted", "opted-out": "opt-out-lifted", "bounced": "bounce-lifted"}
_LIFTS = {lifted: kind for kind, lifted in _LIFTED.items()}


class LostSend(NamedTuple):
    """A mailbox that was sent something. ``study``: the study's row id, or None if the database has
    no such study. ``participants``: row ids of those who have the mailbox. ``uncertain``: whether
    it is not known if it arrived."""

    what: str
    study: int | None
    mailbox: str
    at: int
    participants: tuple[int, ...]
    uncertain: bool = False


@dataclass(frozen=True)
class LostRecords:
    """``sends``: to participants who are here. ``strangers``: to mailboxes that no participant here
    has. ``opt_outs``: (mailbox, kind, participants), with the kinds as columns have them."""

    sends: tuple[LostSend, ...] = ()
    strangers: tuple[LostSend, ...] = ()
    opt_outs: tuple[tuple[str, str, tuple[int, ...]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.sends or self.strangers or self.opt_outs)

    @property
    def mailboxes(self) -> int:
        """How many mailboxes were sent something."""
        return len({one.mailbox for one in (*self.sends, *self.strangers)})


def find(
    store: Store, connection_id: int, lines: Iterable[WitnessLine], newer_than: int = 0
) -> LostRecords:
    """What these lines say that the database does not know from elsewhere. ``newer_than``: look for
    participants with higher row ids only. Raises DatabaseProblem."""
    sent: dict[tuple[str, int, int, str], WitnessLine] = {}
    shut: dict[tuple[str, str], WitnessLine] = {}
    for line in lines:
        said = line.what.removesuffix(KNOWN)
        what = said.removesuffix(NOT).removesuffix(UNCERTAIN)
        if what in ("invite", "reminder"):
            key = (what, line.study, line.created, line.mailbox)
            if said.endswith(NOT):
                sent.pop(key, None)
            else:
                sent[key] = line
        elif said in OPT_OUTS:
            shut[line.mailbox, said] = line
        elif said in _LIFTS:
            shut.pop((line.mailbox, _LIFTS[said]), None)
    boxes = {line.mailbox for line in (*sent.values(), *shut.values())}
    if not boxes:
        return LostRecords()
    owners = participants_of(store, connection_id, boxes, newer_than)
    studies = {
        (key, created)
        for key, created in store.rows(
            "SELECT id, created_at FROM study WHERE connection_id = ?", (connection_id,)
        )
    }
    sends = [
        LostSend(
            what,
            line.study if (line.study, line.created) in studies else None,
            line.mailbox,
            line.at,
            tuple(owners.get(line.mailbox, ())),
            line.what.removesuffix(KNOWN).endswith(UNCERTAIN),
        )
        for (what, *_), line in sent.items()
    ]
    unknown = _unknown(store, sends)
    return LostRecords(
        tuple(one for one in unknown if one.participants),
        tuple(one for one in unknown if not one.participants),
        tuple(
            (box, what.replace("-", "_"), tuple(owners.get(box, ())))
            for box, what in _not_shut(store, shut)
        ),
    )


def participants_of(
    store: Store, connection_id: int, boxes: Collection[str], newer_than: int = 0
) -> dict[str, list[int]]:
    """The participants with these mailboxes. Raises DatabaseProblem."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    hashes, last = hasher(store), newer_than
    while rows := store.rows(
        "SELECT id, email FROM participant WHERE connection_id = ? AND id > ?"
        f" ORDER BY id LIMIT {CHUNK}",
        (connection_id, last),
    ):
        last = rows[-1][0]
        for key, email in rows:
            box = read(email or "")
            if isinstance(box, str) and (stored := hashes.stored(box)) in boxes:
                found[stored].append(key)
    return dict(found)


def _unknown(store: Store, sends: Sequence[LostSend]) -> list[LostSend]:
    """Those that no invite or reminder of the database stands for. Mailboxes that get no more
    invites are left out."""
    known: set[tuple[str, int, str]] = set()
    doubted: set[tuple[str, int, str]] = set()
    shut = {mailbox for (mailbox,) in store.rows("SELECT mailbox FROM opt_out")}
    times: set[tuple[str, int]] = set()
    boxes = sorted({one.mailbox for one in sends})
    for start in range(0, len(boxes), CHUNK):
        for study, mailbox, at, state, reminder, reminded in store.rows(
            "SELECT study_id, mailbox, sent_at, state, reminder,"
            f" {written_to('reminder', 'reminded_at')} FROM invite"
            f" WHERE {store.among('mailbox')} AND ({written_to()} OR state = 'uncertain')",
            (store.values(boxes[start : start + CHUNK]),),
        ):
            (doubted if state == "uncertain" else known).add(("invite", study, mailbox))
            times.add((mailbox, at))
            if reminded or reminder == "uncertain":
                (known if reminded else doubted).add(("reminder", study, mailbox))
    return [
        one
        for one in sends
        if one.mailbox not in shut
        and (one.what, one.study, one.mailbox) not in known
        and not (one.uncertain and (one.what, one.study, one.mailbox) in doubted)
        and (one.study is not None or (one.mailbox, one.at) not in times)
    ]


def _not_shut(store: Store, shut: dict[tuple[str, str], WitnessLine]) -> list[tuple[str, str]]:
    """Those opt-outs that are neither stored nor were lifted since."""
    stored = {
        (mailbox, kind.replace("_", "-"))
        for mailbox, kind in store.rows("SELECT mailbox, kind FROM opt_out")
    }
    open_ = [key for key in shut if key not in stored]
    boxes = sorted({mailbox for mailbox, _ in open_})
    lifted: dict[tuple[str, str], int] = {}
    for start in range(0, len(boxes), CHUNK):
        lifted |= {
            (mailbox, what): at
            for mailbox, what, at in store.rows(
                "SELECT mailbox, what, max(at) FROM ledger"
                f" WHERE {store.among('what')} AND {store.among('mailbox')} GROUP BY mailbox, what",
                (
                    store.values(list(_LIFTED.values())),
                    store.values(boxes[start : start + CHUNK]),
                ),
            )
        }
    return [
        (mailbox, what)
        for mailbox, what in open_
        if lifted.get((mailbox, _LIFTED[what]), 0) < shut[mailbox, what].at
    ]
