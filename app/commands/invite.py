"""``panelist invite``: a plan of who is invited and who not, and its sending."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from typing import Any

from app import log
from app.cli import FAILED, NOT_CONNECTED
from app.commands.common import say
from app.commands.progress import counted
from app.commands.studies import find_study, here
from app.credentials.factory import open_credentials
from app.db.store import Store, open_store
from app.invites.errors import StudyProblem
from app.invites.exports import of_plan
from app.invites.housekeeping import tidy
from app.invites.mail.server_settings import keep_password, mail_server
from app.invites.operator import by
from app.invites.plan import frozen, plan
from app.invites.plan.frozen import LockedPlan
from app.invites.plan.options import Options, new_seed
from app.invites.plan.outcomes import Outcome, reason
from app.invites.plan.plan import Plan
from app.invites.restore_guard import RestoreGuard
from app.invites.sending import outbox, runs
from app.invites.sending.channels.smtp_channel import open_session
from app.invites.sending.factory import default_channel, open_sender
from app.invites.sending.runs import RunView
from app.invites.sending.trial_mail import rehearse
from app.invites.studies import Study
from app.panel.export.writer import form_of, write, writing
from app.panel.overview import overview
from app.settings import Settings, load
from app.text import plain, when


def invite(options: argparse.Namespace) -> int:
    """Plan, and send what was confirmed."""
    settings = load()
    store = open_store(settings)
    log.start(settings.home)
    connection = here(store, options.account)
    if connection is None:
        return NOT_CONNECTED
    tidy(store, settings.home)
    if options.resume:
        return _resume(store, settings, connection, options)
    if options.stop:
        return _stop(store, connection, options)
    study = find_study(store, connection, options.study)
    if options.test is not None:
        say(rehearse(settings, open_credentials(settings), study, options.test))
        return 0
    wanted = _options(study, options)
    if options.yes:
        _may_send(store, settings, connection, options)
    made = plan.make(store, study, wanted)
    kept = frozen.freeze(store, made, by())
    _show(store, study, made, kept, options)
    if not options.yes:
        return 0
    number = made.counts()[Outcome.INVITE]
    if number != options.expect:
        say(
            f"{number:,} would be invited, not the {options.expect:,} that you expect. Nothing was"
            " sent; look at the plan again."
        )
        return FAILED
    way = options.way or default_channel(settings)
    queued = outbox.queue(store, kept, way, by(), undo=0 if options.now else None)
    return send_run(store, settings, connection, queued.run, options)


def _options(study: Study, options: argparse.Namespace) -> Options:
    number = options.batch or options.sample or 0
    take = "batch" if options.batch else "random" if options.sample else "all"
    return Options(
        segments=tuple(study.segments if options.segment is None else options.segment),
        excluded=tuple(study.excluded if options.exclude is None else options.exclude),
        take=take,
        number=number,
        seed=(options.seed or new_seed()) if take == "random" else "",
        strata=options.strata,
        again=tuple(options.again or ()),
        overrides=tuple(options.override or ()),
        reason=options.reason,
    )


def _may_send(
    store: Store, settings: Settings, connection: int, options: argparse.Namespace
) -> None:
    if options.expect is None:
        raise StudyProblem("Say with --expect how many you expect to invite. Nothing was sent.")
    RestoreGuard(store, connection, settings.home).check()
    view = overview(store, connection).connection
    if view is not None and view.status != "complete" and not options.while_filling:
        raise StudyProblem(
            f"The first sync is not complete ({view.status}): segments are still filling. Nothing"
            " was sent; wait, or say --while-filling."
        )


# The plan


def _show(
    store: Store, study: Study, made: Plan, kept: LockedPlan, options: argparse.Namespace
) -> None:
    counts = made.counts()
    if options.output or options.outcome:
        only = _outcome(options.outcome)
        chosen = [one for one in Outcome if only in (None, one) and counts[one]]
        source = of_plan(store, made, chosen)
        form = "json" if options.json else form_of(options.output or "")
        with writing(options.output) as out:
            lines = counted(source.lines(False), source.number, options.output)
            write(out, source.columns, lines, form)
        return
    if options.json:
        said = {
            "type": "plan",
            "plan": kept.id,
            "hash": kept.hash,
            "study": study.id,
            "size": len(made),
            "counts": {one.key: counts[one] for one in Outcome},
            "seed": made.options.seed or None,
        }
        print(json.dumps(said), flush=True)
        return
    print(f"{plain(study.title)} ({study.state}): {len(made):,} members")
    for one in Outcome:
        if counts[one] and one is not Outcome.INVITE:
            print(f"  − {counts[one]:>9,}  {one.words}{_more(made, one)}")
    print(f"  = {counts[Outcome.INVITE]:>9,}  {Outcome.INVITE.words}")
    seed = f", seed {plain(made.options.seed)}" if made.options.seed else ""
    print(f"Plan {kept.short}, frozen {when(kept.at)}{seed}")


def _more(made: Plan, outcome: Outcome) -> str:
    if outcome is not Outcome.ALREADY:
        return ""
    parts = (
        f"{number:,} {reason(outcome, detail, {}, made.now).removeprefix('already invited: ')}"
        for detail, number in made.details(outcome).most_common()
    )
    return f" ({', '.join(parts)})"


def _outcome(key: str | None) -> Outcome | None:
    if key is None:
        return None
    for one in Outcome:
        if one.key == key:
            return one
    raise StudyProblem(f"--outcome: one of {', '.join(one.key for one in Outcome)}.")


# Sending


def send_run(
    store: Store, settings: Settings, connection: int, run: int, options: argparse.Namespace
) -> int:
    """Send in the foreground; a signal stops it, and what was not sent stays queued."""
    stop = threading.Event()
    shown = SendProgress(store, run, as_json=options.json)
    sender = open_sender(store, settings, open_credentials(settings), connection, shown.on_change)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: stop.set())
    try:
        shown.begin()
        sender.work(stop, lambda: (run,))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return shown.end(stopped=stop.is_set())


class SendProgress:
    """How far a sending is: a JSON object a line, or a line on a terminal."""

    def __init__(self, store: Store, run: int, *, as_json: bool) -> None:
        self._store, self._run, self._json = store, run, as_json
        self._terminal = sys.stderr.isatty() and not as_json

    def begin(self) -> None:
        """Say what will happen."""
        now = runs.view(self._store, self._run)
        if now.channel.by_hand and not self._json:
            say(f"{now.left:,} links wait to be copied, each by hand: see panelist invites.")
        elif now.left and not self._json:
            say(f"{now.left:,} to be sent by {now.channel.key}.")
            if now.go_at > time.time():
                say(f"It begins at {when(now.go_at)}; until then ctrl+c and --stop undo all of it.")

    def on_change(self) -> None:
        """Something was handed over, or could not be."""
        now = runs.view(self._store, self._run)
        if self._json:
            print(json.dumps({"type": "progress", **_counts(now)}), flush=True)
        elif self._terminal:
            print(
                f"\r\x1b[K{now.words}, {now.recent} a minute", end="", file=sys.stderr, flush=True
            )

    def end(self, *, stopped: bool) -> int:
        """Say what became of it; the exit code."""
        now = runs.view(self._store, self._run)
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        if self._json:
            print(json.dumps({"type": "finished", "state": now.state, **_counts(now)}), flush=True)
        else:
            print(f"{now.words.capitalize()}.")
        if now.trouble:
            say(f"{plain(now.trouble, 1000)} Go on with panelist invite --resume.")
        elif stopped and now.left:
            say("Stopped. What was not sent stays queued; go on with panelist invite --resume.")
        return FAILED if now.left and not now.channel.by_hand else 0


def _counts(now: RunView) -> dict[str, Any]:
    return {"run": now.id, "way": now.channel.key, "left": now.left, "states": now.counts}


def _resume(store: Store, settings: Settings, connection: int, options: argparse.Namespace) -> int:
    code, found = 0, runs.open_runs(store, connection)
    for run in found:
        runs.resume(store, run.id, by())
        code = max(code, send_run(store, settings, connection, run.id, options))
    if not found:
        say("Nothing is queued.")
    return code


def _stop(store: Store, connection: int, options: argparse.Namespace) -> int:
    only = find_study(store, connection, options.study).id if options.study else None
    found = [run for run in runs.open_runs(store, connection) if only in (None, run.study_id)]
    number = sum(runs.stop(store, run.id, by()) for run in found)
    say(f"{number:,} invites were withdrawn. What was handed over before stays so.")
    return 0


def mail(options: argparse.Namespace) -> int:
    """Try the mail server; nothing is sent."""
    settings = load()
    credentials = open_credentials(settings)
    server = mail_server(settings)
    if server is None:
        say("No mail server is set: invites are put into files. Set PANELIST_SMTP_SERVER, such as")
        say("smtps://research@mail.example.com; see the README.")
        return FAILED
    if options.password_stdin:
        keep_password(credentials, server, sys.stdin.readline().rstrip("\r\n"))
        say(f"The password is kept in: {plain(credentials.described())}")
    session = open_session(settings, credentials)
    assert session is not None
    session.open()
    session.quit()
    say(f"The mail server {server} lets us in. Nothing was sent.")
    return 0
