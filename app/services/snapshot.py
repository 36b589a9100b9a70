"""The data that the screens show: one immutable snapshot for each refresh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.panel.overview import ConnectionView, Overview
from app.text import when
from app.widgets.header import HeaderState

if TYPE_CHECKING:
    from app.sync.engine import Activity


DEMO_ACCOUNT = "Northwind Harbor"  # a restricted key, such as the demo's, cannot read the name


@dataclass(frozen=True)
class Snapshot:
    """Everything the screens show at one moment. Nothing in it changes."""

    view: Overview  # of the account that is shown
    now: float
    linked: ConnectionView | None = None  # the account that is connected, shown or not
    activity: Activity | None = None  # of this process's engine, if one runs
    note: str = ""  # why no sync runs here
    trouble: str = ""  # why the database could not be read; ``view`` is then an older one
    demo: bool = False
    masking: bool = False
    fresh: bool = True  # the database was read for it; otherwise only the time is new

    @property
    def header(self) -> HeaderState:
        connection = self.view.connection
        if connection is None:
            return HeaderState(demo=self.demo, masking=self.masking)
        if self.trouble:
            badge = "no database"
        elif connection.status == "disconnected":
            badge = "disconnected"
        elif self.activity is None:
            badge = "not syncing"
        elif self.activity.looking_on:
            badge = "read-only"
        else:
            badge = "trouble" if self.activity.problem else "connected"
        at = connection.last_polled_at
        return HeaderState(
            badge=badge,
            account=connection.account_name or (DEMO_ACCOUNT if self.demo else connection.account),
            mode=connection.mode,
            demo=self.demo,
            participants=self.view.participants,
            as_of=when(at, self.now) if at else "",
            masking=self.masking,
        )
