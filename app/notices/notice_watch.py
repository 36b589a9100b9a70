"""Finds out what happened since the last look: batches that ended or stopped, bounces, stale data.

Nothing is stored. Whatever was so at the first look is no news.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from app.db.store import Store
from app.invites.sending import runs
from app.invites.sending.runs import OVER, RunView
from app.invites.studies import get
from app.panel.overview import accounts
from app.text import plain

Kind: TypeAlias = Literal["batch_ended", "batch_stopped", "bounces", "stale_data"]

# Amazon SES reviews an account from this share on (docs.aws.amazon.com/ses, "Bounce rate").
BOUNCE_SHARE = 0.05
BOUNCES = 5  # fewer say nothing about a list
STALE = 1_800  # seconds since Stripe was asked
HELD = "held"  # paused, but not by a person
AWAKE = 60.0  # seconds; a computer that wakes up asks Stripe first


@dataclass(frozen=True)
class Notice:
    """Something that happened. ``text``: one sentence for a person. ``about``: the batch or the
    account, by the names that the commands' JSON has."""

    kind: Kind
    text: str
    at: int
    about: dict[str, Any]

    @property
    def json(self) -> dict[str, Any]:
        """The notice for programs."""
        return {"type": self.kind, "text": self.text, "at": self.at, **self.about}


class NoticeWatch:
    """Looks at one database. ``mine``: whether this Panelist speaks for a batch, so that of several
    only one does. ``clock``: seconds since 1970. One thread at a time may call it."""

    def __init__(
        self,
        store: Store,
        mine: Callable[[RunView], bool] = lambda _: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._mine, self._clock = store, mine, clock
        self._open: dict[int, str] | None = None  # batch -> its state; None before the first look
        self._bounced = set[int]()  # batches whose bounces are known
        self._stale: dict[int, float] = {}  # account -> when that was first seen
        self._told_stale = set[int]()

    def look(self) -> list[Notice]:
        """What happened since the last look. Raises DatabaseProblem, and then nothing is lost."""
        return [*self._of_batches(), *self._of_data()]

    def _of_batches(self) -> list[Notice]:
        known = self._open
        rows = self._store.rows(
            "SELECT id, state, trouble IS NOT NULL, kind FROM run"
            f" WHERE NOT {self._store.among('state')} OR {self._store.among('id')} ORDER BY id",
            (self._store.values(list(OVER)), self._store.values(list(known or ()))),
        )
        found, still_open = list[Notice](), dict[int, str]()
        for key, stored, has_trouble, kind in rows:
            state = HELD if stored == "paused" and has_trouble else stored
            before = state if known is None else known.get(key, "running")
            found += self._about_batch(key, before, state)
            found += self._about_bounces(key, kind, is_news=known is not None)
            if state not in OVER:
                still_open[key] = state
        self._open = still_open
        return found

    def _about_batch(self, key: int, before: str, state: str) -> list[Notice]:
        if state == before or state not in ("done", "failed", HELD):
            return []
        run = runs.view(self._store, key)
        if not self._mine(run):
            return []
        if state == HELD:
            why = plain(run.trouble, 300).rstrip(".")
            text = f"{self._title(run)} stopped. {why}."
            return [self._notice("batch_stopped", run, text)]
        return [self._notice("batch_ended", run, f"{self._title(run)}: {run.words}.")]

    def _about_bounces(self, key: int, kind: str, *, is_news: bool) -> list[Notice]:
        of_run, state, _ = runs.columns(kind)
        (bounced,) = self._store.row(
            f"SELECT count(*) FROM invite WHERE {of_run} = ? AND {state} IN"
            " ('bounced', 'to_confirm')",
            (key,),
        )
        if bounced < BOUNCES or key in self._bounced:
            return []
        run = runs.view(self._store, key)
        tried = sum(run.counts.values()) - run.left
        if bounced < BOUNCE_SHARE * tried:
            return []
        self._bounced.add(key)
        if not (is_news and self._mine(run)):
            return []
        text = f"{self._title(run)}: {bounced:,} of {tried:,} emails bounced. Check your list."
        return [self._notice("bounces", run, text)]

    def _title(self, run: RunView) -> str:
        what = "Reminders" if run.kind == "reminder" else "Invites"
        return f"{what} for “{plain(get(self._store, run.study_id).title, 60)}”"

    def _notice(self, kind: Kind, run: RunView, text: str) -> Notice:
        return Notice(kind, text, int(self._clock()), {"study": run.study_id, "run": run.id})

    def _of_data(self) -> list[Notice]:
        now, found = self._clock(), []
        for account in accounts(self._store):
            asked = max(account.last_polled_at or 0, account.last_event_at or 0)
            if account.status != "complete" or not asked or now - asked < STALE:
                self._stale.pop(account.id, None)
                self._told_stale.discard(account.id)
                continue
            awake = now - self._stale.setdefault(account.id, now) >= AWAKE
            if awake and account.id not in self._told_stale:
                self._told_stale.add(account.id)
                name = plain(account.account_name or account.account, 60)
                since = time.strftime("%d %b %H:%M", time.localtime(asked))
                text = f"The data of {name} is from {since}. Panelist cannot update it."
                found.append(Notice("stale_data", text, int(now), {"account": account.account}))
        return found
