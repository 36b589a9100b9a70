"""The columns and rows for exporting a plan's members, and invites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from app.db.store import Store
from app.invites.invite_log import InviteRow, invite_rows, without_address
from app.invites.ledger_log import LedgerRow, ledger_rows, owners
from app.invites.mail.template import Template, personal_link
from app.invites.plan.members import stripe_ids
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.plan import Plan
from app.invites.studies import get
from app.panel.export.people import CHUNK, ExportSource, private
from app.panel.export.writer import Line
from app.panel.lists.order import Ids
from app.panel.lists.rows import rows

OF_PLAN = ("stripe_id", "email", "name", "outcome", "reason")
OF_LEDGER = tuple(LedgerRow.__annotations__)
OF_INVITES = (*InviteRow.__annotations__, "link")


def of_plan(store: Store, plan: Plan, outcomes: Sequence[Outcome]) -> ExportSource:
    """The members of a plan with these outcomes, each with its outcome and the reason."""

    def lines(masking: bool) -> Iterator[Line]:
        for outcome in outcomes:
            yield from _members(store, plan, outcome, masking)

    counts = plan.counts()
    return ExportSource(OF_PLAN, sum(counts[one] for one in outcomes), lines)


def _members(store: Store, plan: Plan, outcome: Outcome, masking: bool) -> Iterator[Line]:
    ids = plan.ids(outcome)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        found = {one: (plan.of(one) or (outcome, 0))[1] for one in some}
        same = outcome is Outcome.SAME_MAILBOX
        names = stripe_ids(store, list(found.values())) if same else {}
        for row in rows(store, plan.connection_id, some):
            yield {
                "stripe_id": row.stripe_id,
                "email": private(row.email, masking),
                "name": private(row.name, masking),
                "outcome": outcome.key,
                "reason": reason(outcome, found[row.id], names, plan.now),
            }


def of_invites(store: Store, ids: Ids) -> ExportSource:
    """These invites, each with its personal link. Times are in seconds since 1970. Masking hides
    the link too, as it stands for its participant."""
    templates: dict[int, Template] = {}

    def lines(masking: bool) -> Iterator[Line]:
        for start in range(0, len(ids), CHUNK):
            for row in invite_rows(store, ids[start : start + CHUNK]):
                if row.study_id not in templates:
                    templates[row.study_id] = get(store, row.study_id).template
                line = {**asdict(row), "link": personal_link(templates[row.study_id], row.token)}
                yield _masked_invite(line) if masking else line

    return ExportSource(OF_INVITES, len(ids), lines, "invite", "invites")


def _masked_invite(line: Line) -> Line:
    hidden = {column: private(line[column], True) for column in ("name", "address")}
    return {**line, **hidden, "answer": without_address(line["answer"]), "token": "", "link": ""}


def of_ledger(store: Store, connection_id: int, numbers: Ids) -> ExportSource:
    """These entries of an account's ledger. Times are in seconds since 1970."""

    def lines(masking: bool) -> Iterator[Line]:
        known = owners(store, connection_id)
        for start in range(0, len(numbers), CHUNK):
            for row in ledger_rows(store, connection_id, numbers[start : start + CHUNK], known):
                line = asdict(row)
                for column in ("name", "address"):
                    line[column] = private(line[column], masking)
                yield (
                    {**line, "detail": without_address(row.detail)} if _says(row, masking) else line
                )

    return ExportSource(OF_LEDGER, len(numbers), lines, "entry", "entries")


def _says(row: LedgerRow, masking: bool) -> bool:
    """Whether the detail may name an address that is to be hidden: it is a server's answer."""
    return masking and "@" in (row.detail or "")
