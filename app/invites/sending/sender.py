"""Sends what is queued, one email at a time by each route, which is a mail server or a folder.

Every step is recorded before it happens (:mod:`app.invites.sending.jobs`), so nothing is sent
twice. The lock of a route (:mod:`app.invites.sending.route_locks`) only makes sure that two senders
do not use one rate limit. No one holds it while they wait. However a sender ends, the next one
continues from there.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from app.db.lease import this_process
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
from app.invites.sending.route_locks import RouteLocks
from app.invites.sending.runs import RunView, columns
from app.invites.sending.schedule import next_at
from app.paths import Folders
from app.problems import Problem

_SOON = 0.1  # the shortest wait, in seconds
_BUSY = 1.0  # seconds until another try while another Panelist sends by the same route
_SILENCE = 3.0  # seconds of waiting before it says for what
_IDLE = 5.0  # seconds; Amazon SES ends a session after ten
BUSY_SAID = (
    "Another Panelist is sending through the same mail server. The queue here continues when the "
    "other one pauses or ends."
)


class OtherMailServer(Problem):
    """A batch was confirmed for another mail server. The text says what to do."""


def check_server(batch: RunView, server: str | None) -> None:
    """Raise OtherMailServer unless the batch may leave through this mail server."""
    if batch.server is not None and batch.server != server:
        here = (
            f"This Panelist sends through {server}"
            if server
            else "This Panelist has no mail server"
        )
        raise OtherMailServer(
            f"{here}, but it was confirmed for {batch.server}. Set PANELIST_SMTP_SERVER to that"
            " mail server, or withdraw the queue and make a new plan."
        )


@dataclass(frozen=True, order=True)
class NextStep:
    """When a sender has work again, in seconds from now. ``why``: what it waits for until then, for
    a person, or "" if that was said already."""

    seconds: float
    why: str = field(default="", compare=False)


NOW, NEVER = NextStep(0.0), NextStep(math.inf)


class Sender:
    """Sends the batches of all accounts. ``folders``: where Panelist's files are. ``open_channel``:
    raises ChannelNotSetUp and SettingsError. ``quiet_hours``: those of the settings.
    ``on_change``: called with a batch when one of its invites was sent or could not be. ``tell``:
    takes a sentence for a person. ``clock``: seconds since 1970."""

    def __init__(
        self,
        store: Store,
        *,
        folders: Folders,
        open_channel: Callable[[Channel], OpenChannel],
        quiet_hours: str | None = None,
        on_change: Callable[[int], None] = lambda _: None,
        tell: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._folders = store, folders
        self._open_channel, self._on_change, self._tell = open_channel, on_change, tell
        self._quiet_hours, self._clock = quiet_hours, clock
        self._owner, self._by = this_process(), by()
        self._locks = RouteLocks(store)
        self._channels: dict[str, OpenChannel] = {}
        self._resting: dict[str, float] = {}  # channel -> until when
        self._templates: dict[int, tuple[Template, int | None, tuple[str, ...]]] = {}
        self._key = b""
        self._said_busy = self._said_trouble = self._hurried = False
        self._said_waits = set[str]()
        self._guards: dict[int, RestoreGuard] = {}  # of the accounts that may send
        self._checked = set[tuple[str, int]]()  # (route, account) since its lock was taken

    def work(
        self, stop: threading.Event, mine: Callable[[RunView], bool], *, wait: bool = True
    ) -> None:
        """Send until nothing is left of the batches that are ``mine``, or until told to stop.
        ``wait``: also wait for later invites. Raises RestoreSuspected, SettingsError and
        DatabaseProblem. What was sent is recorded."""
        try:
            self._key = hasher(self._store).key
            while not stop.is_set():
                step = self._next(mine)
                if step == NEVER or (step > NOW and not wait):
                    self._note_all()
                    return
                if step.seconds > _SILENCE and step.why and step.why not in self._said_waits:
                    self._said_waits.add(step.why)
                    self._tell(step.why)
                if step.seconds > _IDLE:
                    self._let_go()
                elif step > NOW:
                    self._locks.check()
                stop.wait(min(step.seconds, 1.0))
        finally:
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()
            self._locks.free()

    def hurry(self) -> None:
        """Leave what is being sent, within seconds. For a signal handler in the thread that works:
        see :meth:`OpenChannel.hurry`."""
        self._hurried = True
        for channel in self._channels.values():
            channel.hurry()

    def _let_go(self) -> None:
        """End the sessions with mail servers, and let others send."""
        for channel in self._channels.values():
            channel.idle()
        self._note_all()
        self._locks.free()

    def _changed(self, batch: RunView) -> None:
        """An invite was sent, or could not be."""
        if batch.connection_id in self._guards:
            self._note(self._guards[batch.connection_id])
        self._on_change(batch.id)

    def _note_next(self, guard: RestoreGuard) -> None:
        """Have the witness know what may leave next. Raises RestoreSuspected if another copy of the
        database sends as well: of two, each records first and looks then, so one sees the other."""
        self._note(guard)
        guard.check_copies()

    def _note(self, guard: RestoreGuard, *, last: bool = False) -> None:
        """Have the witness know what left, or may have."""
        guard.note(last=last)
        if guard.trouble is not None and not self._said_trouble:
            self._said_trouble = True
            self._tell(guard.trouble)

    def _note_all(self) -> None:
        """Have the witness know everything before a pause."""
        for guard in self._guards.values():
            self._note(guard, last=True)

    def _next(self, mine: Callable[[RunView], bool]) -> NextStep:
        """Do the next step of these batches."""
        soonest = NEVER
        for batch in runs.open_runs(self._store):
            if batch.server is None and batch.machine != this_machine():
                continue  # its folder is on another computer
            if batch.state != "running" or batch.channel.by_hand or not mine(batch):
                continue
            step = self._step(batch)
            if step == NOW:
                return NOW
            soonest = min(soonest, step)
        return soonest

    def _step(self, batch: RunView) -> NextStep:
        """Do the next step of one batch."""
        now = self._clock()
        if not batch.left:
            runs.finish(self._store, batch.id, self._by)
            self._on_change(batch.id)
            return NOW
        (state,) = self._store.row("SELECT state FROM study WHERE id = ?", (batch.study_id,))
        if state != "active":
            jobs.withdraw_idle(self._store, batch, self._by)
            return NOW
        at = next_at(batch, self._quiet_hours, now)
        if at > now:
            return NextStep(at - now)
        try:
            channel = self._opened(batch.channel)
            check_server(batch, channel.server)
        except OtherMailServer:
            return NEVER  # whoever has the access to that server sends it
        except ChannelNotSetUp as problem:
            if batch.server is not None:
                return NEVER
            self._pause(batch, str(problem))
            return NOW
        resting = self._resting.get(batch.channel.key, 0.0)
        if resting > now:
            return NextStep(resting - now)
        if not self._hold(batch):
            return NextStep(_BUSY)
        for limit in channel.limits:
            rest = self._rest(channel, batch, limit, now)
            if rest > NOW:
                return rest
        self._guards[batch.connection_id].check_copies()
        return self._put(batch, channel)

    def _hold(self, batch: RunView) -> bool:
        """Hold the lock of the batch's route, and know that its account may send. False if another
        Panelist has the lock. Raises RestoreSuspected."""
        route, account = batch.route, batch.connection_id
        if not self._locks.has(route):
            if not self._locks.take(route):
                if not self._said_busy:
                    self._tell(BUSY_SAID)
                self._said_busy = True
                return False
            self._said_busy = False
            self._checked = {one for one in self._checked if one[0] != route}
        if (route, account) not in self._checked:
            self._begin(route, account)
            self._checked.add((route, account))
        return True

    def _begin(self, route: str, account: int) -> None:
        """Make sure that this is no old copy, and queue again what another sender left."""
        guard = RestoreGuard(self._store, account, self._folders)
        self._guards.pop(account, None)
        guard.check()
        self._guards[account] = guard
        self._note(guard)
        same = [one for one in runs.open_runs(self._store, account) if one.route == route]
        jobs.recover(self._store, same, self._by)

    def _opened(self, channel: Channel) -> OpenChannel:
        if channel.key not in self._channels:
            self._channels[channel.key] = self._open_channel(channel)
        return self._channels[channel.key]

    def _put(self, batch: RunView, channel: OpenChannel) -> NextStep:
        template, expire_days, overrides = self._template(batch)
        if self._hurried:
            return NOW
        put = channel.put(
            BatchWork(
                store=self._store,
                owner=self._owner,
                by=self._by,
                batch=batch,
                template=template,
                expire_days=expire_days,
                overrides=overrides,
                key=self._key,
                note=partial(self._note_next, self._guards[batch.connection_id]),
                clock=self._clock,
            )
        )
        if put.problem is not None:
            self._pause(batch, put.problem)
        elif put.rest is not None:
            self._resting[batch.channel.key] = self._clock() + put.rest.seconds
            runs.note(self._store, batch.id, put.rest.why)
            self._changed(batch)
        elif put.claimed:
            if batch.trouble:
                runs.note(self._store, batch.id, None)
            self._changed(batch)
        return NOW if put.claimed else self._due(batch)

    def _pause(self, batch: RunView, why: str) -> None:
        runs.pause(self._store, batch.id, self._by, why)
        self._changed(batch)

    def _due(self, batch: RunView) -> NextStep:
        """When the next invite of the batch may be tried."""
        of_run, state, _ = columns(batch.kind)
        at, number = self._store.row(
            f"SELECT min(coalesce(not_before, 0)), count(*) FROM invite WHERE {of_run} = ?"
            f" AND {state} = 'queued'",
            (batch.id,),
        )
        if at is None:
            return NEVER
        why = (
            f"{number:,} {'email waits' if number == 1 else 'emails wait'}, because the mail server"
            f" put them off. The next try is at {time.strftime('%H:%M:%S', time.localtime(at))}."
        )
        return NextStep(max(_SOON, at - self._clock()), why)

    def _rest(self, channel: OpenChannel, batch: RunView, limit: Limit, now: float) -> NextStep:
        """When this limit allows another invite. Those that any Panelist sent by the same mail
        server count, for any account, and those before a restart too."""
        since = (int(now) - limit.seconds, batch.channel.key, channel.server)
        of_route = "r.way = ? AND (r.server IS NULL OR r.server = ?)"
        here = "i.connection_id IN (SELECT id FROM connection)"  # looks them up by their index
        rows = self._store.rows(
            "SELECT at FROM (SELECT i.sent_at AS at FROM invite i JOIN run r ON r.id = i.run_id"
            f" WHERE {here} AND i.sent_at > ? AND {of_route}"
            " UNION ALL SELECT i.reminded_at FROM invite i JOIN run r"
            f" ON r.id = i.reminder_run_id WHERE {here} AND i.reminded_at > ? AND {of_route}"
            ") x ORDER BY at DESC LIMIT 1 OFFSET ?",
            (*since, *since, limit.most - 1),
        )
        if not rows:
            return NOW
        within = {60: "a minute", 86_400: "a day"}.get(limit.seconds, f"{limit.seconds:,} seconds")
        most = "1 email leaves" if limit.most == 1 else f"{limit.most:,} emails leave"
        setting = f" ({limit.setting})" if limit.setting else ""
        why = f"No more than {most} in {within}{setting}."
        return NextStep(max(_SOON, rows[0][0] + limit.seconds - now), why)

    def _template(self, batch: RunView) -> tuple[Template, int | None, tuple[str, ...]]:
        """The batch's template, how many days its participants have to reply, and which rules a
        person overrode."""
        if batch.id not in self._templates:
            (plan, stored) = self._store.row(
                "SELECT plan_id, letter FROM run WHERE id = ?", (batch.id,)
            )
            if stored is not None:  # a reminder has its own
                self._templates[batch.id] = from_json(stored), None, ()
            else:
                found = frozen(self._store, plan)
                kept = found.template, found.rules.expire_days, found.options.overrides
                self._templates[batch.id] = kept
        return self._templates[batch.id]
