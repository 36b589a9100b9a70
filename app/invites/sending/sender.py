"""Sends what is queued: one Panelist per database, one batch at a time, each by its channel.

Every step is recorded before it happens (:mod:`app.invites.sending.jobs`), so nothing is sent
twice. The lock only makes sure that two senders do not use one rate limit. However a sender ends,
the next one continues from there.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from app.db.lease import this_process
from app.db.lock import Lock, LockTaken
from app.db.store import Store
from app.invites.mail.addresses import hasher
from app.invites.mail.template import Template, from_json
from app.invites.operator import by
from app.invites.plan.frozen import frozen
from app.invites.restore_guard import RestoreGuard, this_machine
from app.invites.sending import jobs, runs
from app.invites.sending.batch_work import BatchWork
from app.invites.sending.channels.channel import ChannelNotSetUp, Limit, OpenChannel
from app.invites.sending.channels.registry import Channel
from app.invites.sending.runs import RunView, columns
from app.paths import Folders
from app.problems import Problem

_SOON = 0.1  # the shortest wait, in seconds
_IDLE = 5.0  # seconds; Amazon SES ends a session after ten


class SendInProgress(Problem):
    """Another Panelist is sending for this database. Nothing was sent here."""


class OtherMailServer(Problem):
    """A batch was confirmed for another mail server. The text says what to do."""


def check_server(batch: RunView, server: str | None) -> None:
    """Raise OtherMailServer unless the batch may leave through this mail server."""
    if batch.server is not None and batch.server != server:
        here = f"This Panelist sends by {server}" if server else "This Panelist has no mail server"
        raise OtherMailServer(
            f"{here}, but it was confirmed for {batch.server}. Set PANELIST_SMTP_SERVER to that"
            " mail server, or withdraw what is queued and plan again."
        )


@dataclass(frozen=True, order=True)
class NextStep:
    """When a sender has work again, in seconds from now."""

    seconds: float


NOW, NEVER = NextStep(0.0), NextStep(math.inf)


class Sender:
    """Sends for one account. ``folders``: where Panelist's files are. ``open_channel``: raises
    ChannelNotSetUp and SettingsError. ``on_change``: called when an invite was sent or could not
    be. ``tell``: takes a sentence for a person."""

    def __init__(
        self,
        store: Store,
        connection_id: int,
        *,
        folders: Folders,
        open_channel: Callable[[Channel], OpenChannel],
        on_change: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store, self._connection_id = store, connection_id
        self._guard = RestoreGuard(store, connection_id, folders)
        self._tell, self._told = tell, False
        self._open_channel, self._on_change = open_channel, on_change
        self._owner, self._by = this_process(), by()
        self._channels: dict[str, OpenChannel] = {}
        self._resting: dict[str, float] = {}  # channel -> until when
        self._templates: dict[int, tuple[Template, int | None]] = {}
        self._key = b""

    def work(
        self, stop: threading.Event, only: Callable[[], Collection[int]], *, wait: bool = True
    ) -> None:
        """Send until nothing is left of these batches, or until told to stop. ``wait``: also wait
        for later invites. Raises SendInProgress, RestoreSuspected, SettingsError and
        DatabaseProblem. What was sent is recorded."""
        lock = Lock(self._store, "send-lock", 3)
        try:
            lock.take()
            self._guard.check()
            self._note()
            jobs.recover(self._store, self._connection_id, self._by)
            self._key = hasher(self._store).key
            while not stop.is_set():
                step = self._next(only())
                if step == NEVER or (step > NOW and not wait):
                    return
                if step > NOW and not lock.holds():
                    return
                if step.seconds > _IDLE:
                    for channel in self._channels.values():
                        channel.idle()
                    self._note(last=True)
                stop.wait(min(step.seconds, 1.0))
        except LockTaken:
            raise SendInProgress(
                "Another Panelist is sending for this database. It also sends what is"
                " queued here. If it stops first, this one continues."
            ) from None
        finally:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
            lock.free()

    def _changed(self) -> None:
        """An invite was sent, or could not be."""
        self._note()
        self._on_change()

    def _note_next(self) -> None:
        """Have the witness know what may leave next. Raises RestoreSuspected if another copy of the
        database sends as well: of two, each records first and looks then, so one sees the other."""
        self._note()
        self._guard.check_copies()

    def _note(self, *, last: bool = False) -> None:
        """Have the witness know what left, or may have."""
        self._guard.note(last=last)
        if self._guard.trouble is not None and not self._told:
            self._told = True
            self._tell(self._guard.trouble)

    def _next(self, only: Collection[int]) -> NextStep:
        """Do the next step of these batches."""
        soonest = NEVER
        for batch in runs.open_runs(self._store, self._connection_id):
            if batch.machine != this_machine():
                continue  # it needs another mail server, or another folder
            if batch.id not in only or batch.state != "running" or batch.channel.by_hand:
                continue
            step = self._step(batch)
            if step == NOW:
                return NOW
            soonest = min(soonest, step)
        return soonest

    def _step(self, batch: RunView) -> NextStep:
        """Do the next step of one batch."""
        now = time.time()
        if not batch.left:
            runs.finish(self._store, batch.id, self._by)
            return NOW
        if batch.go_at > now:
            return NextStep(batch.go_at - now)
        (state,) = self._store.row("SELECT state FROM study WHERE id = ?", (batch.study_id,))
        if state != "active":
            jobs.withdraw_idle(self._store, batch, self._by)
            return NOW
        try:
            channel = self._opened(batch.channel)
            check_server(batch, channel.server)
        except (ChannelNotSetUp, OtherMailServer) as problem:
            self._pause(batch, str(problem))
            return NOW
        resting = self._resting.get(batch.channel.key, 0.0)
        if resting > now:
            return NextStep(resting - now)
        for limit in channel.limits:
            rest = self._rest(batch.channel, limit, now)
            if rest > NOW:
                return rest
        self._guard.check_copies()
        return self._put(batch, channel)

    def _opened(self, channel: Channel) -> OpenChannel:
        if channel.key not in self._channels:
            self._channels[channel.key] = self._open_channel(channel)
        return self._channels[channel.key]

    def _put(self, batch: RunView, channel: OpenChannel) -> NextStep:
        template, expire_days = self._template(batch)
        put = channel.put(
            BatchWork(
                self._store,
                self._owner,
                self._by,
                batch,
                template,
                expire_days,
                self._key,
                self._note_next,
            )
        )
        if put.problem is not None:
            self._pause(batch, put.problem)
        elif put.rest is not None:
            self._resting[batch.channel.key] = time.time() + put.rest.seconds
            runs.note(self._store, batch.id, put.rest.why)
            self._changed()
        elif put.claimed:
            if batch.trouble:
                runs.note(self._store, batch.id, None)
            self._changed()
        return NOW if put.claimed else self._due(batch)

    def _pause(self, batch: RunView, why: str) -> None:
        runs.pause(self._store, batch.id, self._by, why)
        self._changed()

    def _due(self, batch: RunView) -> NextStep:
        """When the next invite of the batch may be tried."""
        of_run, state, _ = columns(batch.kind)
        (at,) = self._store.row(
            f"SELECT min(coalesce(not_before, 0)) FROM invite WHERE {of_run} = ?"
            f" AND {state} = 'queued'",
            (batch.id,),
        )
        return NEVER if at is None else NextStep(max(_SOON, at - time.time()))

    def _rest(self, channel: Channel, limit: Limit, now: float) -> NextStep:
        """When this limit allows another invite. Invites sent before a restart count too."""
        since = (self._connection_id, int(now) - limit.seconds, channel.key)
        rows = self._store.rows(
            "SELECT at FROM (SELECT i.sent_at AS at FROM invite i JOIN run r ON r.id = i.run_id"
            " WHERE i.connection_id = ? AND i.sent_at > ? AND r.way = ?"
            " UNION ALL SELECT i.reminded_at FROM invite i JOIN run r"
            " ON r.id = i.reminder_run_id WHERE i.connection_id = ? AND i.reminded_at > ?"
            " AND r.way = ?) x ORDER BY at DESC LIMIT 1 OFFSET ?",
            (*since, *since, limit.most - 1),
        )
        return NextStep(max(_SOON, rows[0][0] + limit.seconds - now)) if rows else NOW

    def _template(self, batch: RunView) -> tuple[Template, int | None]:
        """The batch's template, and how many days its participants have to reply."""
        if batch.id not in self._templates:
            (plan, stored) = self._store.row(
                "SELECT plan_id, letter FROM run WHERE id = ?", (batch.id,)
            )
            if stored is not None:  # a reminder has its own
                self._templates[batch.id] = from_json(stored), None
            else:
                found = frozen(self._store, plan)
                self._templates[batch.id] = found.template, found.rules.expire_days
        return self._templates[batch.id]
