"""The ways through the Studies mode that its tests share."""

from __future__ import annotations

from app.db.rows import Fetched
from app.db.store import Store
from app.screens.studies.confirm_dialog import ConfirmSendDialog
from app.screens.studies.plan_screen import PlanScreen
from app.screens.studies.screen import StudiesScreen
from tests.helpers import rows
from tests.screens.conftest import Driven

HOSTILE = "\x1b]0;owned\x07[red]Eve[/]\u202e"
PEOPLE = 12


def people(store: Store) -> int:
    """An account with some of whom one has a hostile name and one no email."""
    to = rows.connection(store)
    some = [rows.person(f"cus_{one:02}", name=f"Person {one:02}") for one in range(PEOPLE)]
    some[2] = some[2]._replace(name=HOSTILE)
    some[3] = some[3]._replace(email=None)
    rows.send(store, to, Fetched(1, participants=some))
    rows.make_segments(store, to)
    store.execute("UPDATE connection SET status = 'complete'")
    return to


async def put(at: Driven, text: str) -> None:
    await at.press(*({" ": "space"}.get(sign, sign) for sign in text))


async def look(at: Driven) -> StudiesScreen:
    await at.press("4")
    await at.until(lambda: isinstance(at.app.screen, StudiesScreen))
    screen = at.app.screen
    assert isinstance(screen, StudiesScreen)
    await at.pilot.pause()
    return screen


async def plan(at: Driven) -> PlanScreen:
    await at.press("p")
    await at.until(lambda: isinstance(at.app.screen, PlanScreen))
    screen = at.app.screen
    assert isinstance(screen, PlanScreen)
    await at.until(lambda: screen.counted is not None)
    return screen


async def confirm(at: Driven) -> ConfirmSendDialog:
    await at.press("i")
    await at.until(lambda: isinstance(at.app.screen, ConfirmSendDialog))
    dialog = at.app.screen
    assert isinstance(dialog, ConfirmSendDialog)
    dialog.opened = 0.0  # no one's keys are left over
    return dialog


def stub(at: Driven) -> str:
    """The left part of the ticket that sends: the number, and what to type."""
    return at.part("#ticket-stub")


def invites(store: Store) -> int:
    return int(store.row("SELECT count(*) FROM invite")[0])
