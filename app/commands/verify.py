"""``panelist verify --stripe``: compare the panel with Stripe, and tell every difference."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict

from app import log
from app.cli import FAILED, NOT_CONNECTED
from app.commands.stripe_access import NotConnected, find_access
from app.commands.sync import run_until_signalled
from app.db.store import open_store
from app.settings import load
from app.sync.stripe.client import ENDED, StripeApi, StripeProblem
from app.sync.verify.findings import Difference, Finding, Pending, SetAside, Skipped, VerifyProgress
from app.sync.verify.verifier import NotReady, Verifier
from app.text import duration, plain, when

CERTAINTY = 0.95
REFRESH = 0.5  # seconds between two looks of the line that says how far it is

_TYPES = {Difference: "difference", Pending: "pending", SetAside: "set_aside", Skipped: "skipped"}
_KINDS = {
    "missing_here": "missing here",
    "deleted_in_stripe": "deleted in Stripe, here not",
    "deleted_here": "deleted here, in Stripe not",
    "unknown_to_stripe": "here, unknown to Stripe",
    "superfluous": "here, and nothing that it is for",
}
_WHY_PENDING = {
    "listing": "a full listing is under way and has not come to it",
    "changing": "it changed each time it was looked at",
}


def verify(options: argparse.Namespace) -> int:
    """Compare with Stripe, or prove from the ledger that nobody was invited twice."""
    if options.all and not options.stripe:
        print("--all is about Stripe: say --stripe with it.", file=sys.stderr)
        return 2
    if not options.stripe:
        from app.commands.verify_ledger import prove_ledger

        return prove_ledger(options)
    settings = load()
    store = open_store(settings)
    log.start(settings.home)
    started = time.monotonic()
    try:
        connection, access, asked = find_access(store, settings)
    except NotConnected as why:
        print(why, file=sys.stderr)
        return NOT_CONNECTED
    shown = VerifyLine(as_json=options.json)
    api = StripeApi(settings.stripe_api_base, access, settings.rate, on_trouble=shown.on_trouble)
    if asked:
        api.requests["GET /v1/account"] = asked
    verifier = Verifier(api, store, connection, shown.tell, lambda: shown.on_progress(progress))
    progress = verifier.progress
    sample = None if options.all else options.sample

    async def compare() -> None:
        async with api:
            await verifier.run(sample)

    try:
        stopped = run_until_signalled(compare())
    except NotReady as why:
        print(why, file=sys.stderr)
        return FAILED
    except StripeProblem as problem:
        shown.end()
        if problem.kind in ENDED:
            print(f"{problem} Nothing was changed here.", file=sys.stderr)
            return NOT_CONNECTED
        print(f"{_first_sentence(problem)} {_how_far(progress)}", file=sys.stderr)
        return FAILED
    finally:
        shown.end()
    if stopped:
        print(f"Stopped. {_how_far(progress)}", file=sys.stderr)
    seconds = time.monotonic() - started
    if options.json:
        scope = "all" if options.all else "sample"
        print(json.dumps(_finished(progress, api, scope, seconds, stopped=stopped)), flush=True)
    elif not stopped:
        print(_summary(progress, sum(api.requests.values()), seconds, sampled=sample is not None))
    return FAILED if stopped or progress.differences else 0


def _first_sentence(problem: StripeProblem) -> str:
    """What comes after it is about a sync, which keeps its place."""
    return plain(str(problem).partition(". ")[0].rstrip("."), 300) + "."


def _how_far(progress: VerifyProgress) -> str:
    text = f"{progress.compared:,} of {progress.total:,} objects were compared until then"
    text += f", with {_number(progress.differences, 'difference')}"
    if progress.doubtful:
        text += f" and {progress.doubtful:,} that were not looked at a second time"
    return text + "; nothing was changed."


def _finished(
    progress: VerifyProgress, api: StripeApi, scope: str, seconds: float, *, stopped: bool
) -> dict[str, object]:
    return {
        "type": "finished",
        "scope": scope,
        "stopped": stopped,
        "equal": not (stopped or progress.differences),
        "compared": progress.compared,
        "total": progress.total,
        "differences": progress.differences,
        "pending": progress.pending,
        "set_aside": progress.set_aside,
        "skipped": [one.list for one in progress.skipped],
        "requests": dict(api.requests),
        "seconds": round(seconds, 2),
    }


def _summary(progress: VerifyProgress, requests: int, seconds: float, *, sampled: bool) -> str:
    found = "equal"
    if progress.differences:
        found = _number(progress.differences, "difference")
    elif progress.skipped:
        found = "equal as far as it could be compared"
    said = [
        f"Compared {progress.compared:,} of {_number(progress.total, 'object')} with Stripe in"
        f" {duration(seconds)} and {_number(requests, 'request')}: {found}"
        + (f"; {_repair(progress)}." if progress.differences else ".")
    ]
    if progress.pending:
        said.append(f"{progress.pending:,} changed since the sync last looked, which is no error.")
    if progress.set_aside:
        said.append(f"{progress.set_aside:,} cannot be stored.")
    if sampled:
        said.append(_what_a_sample_shows(progress))
    return " ".join(said)


def _repair(progress: VerifyProgress) -> str:
    if not progress.lasting:
        return "`panelist sync --full` repairs them"
    lasting = (
        "them" if progress.lasting == progress.differences else f"{progress.lasting:,} of them"
    )
    return (
        f"`panelist sync --full` does not repair {lasting} (segments that do not follow their"
        " rules, or what is deleted here only): please report this"
    )


def _what_a_sample_shows(progress: VerifyProgress) -> str:
    """With no difference in n drawn, fewer than 1 - 0.05^(1/n) differ, with 95% certainty."""
    if progress.differences:
        return "This was a sample: the rest may differ too, and --all compares it."
    unseen = "what is missing here shows only among the newest 100 of each list"
    if progress.drawn == progress.drawn_from:
        return f"Everything that is here was looked at, but {unseen}; --all finds the rest."
    most = 1 - (1 - CERTAINTY) ** (1 / progress.drawn)
    return (
        f"This was a sample of {progress.drawn:,}: with {CERTAINTY:.0%} certainty, fewer than"
        f" {most:.1%} of the participants and subscriptions here differ, and {unseen}. --all"
        " compares everything."
    )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def sentence(finding: Finding | Skipped) -> str:
    """One safe line about something found."""
    match finding:
        case Skipped("events", permission):
            return (
                f"events: the key lacks the permission “{permission}”, so what changed since the"
                " sync last looked counts as a difference"
            )
        case Skipped(name, permission, sync):
            who = "the sync's key lacked" if sync else "the key lacks"
            return f"{name}: not compared, {who} the permission “{permission}”"
        case SetAside(what, key, reason):
            return f"{what} {plain(key, 255)}: cannot be stored: {plain(reason)}"
        case Pending(what, key, kind, at):
            why = _WHY_PENDING.get(kind) or f"{plain(kind)} at {when(at)}"
            return f"{what} {plain(key, 255)}: not looked at yet, {why}"
        case Difference():
            return f"{finding.object} {plain(finding.id, 255)}: {_difference(finding)}"


def _difference(one: Difference) -> str:
    item = f"items: {plain(one.item, 255)} " if one.item else ""
    match one.kind:
        case "field" | "item_field":
            here, there = _value(one.here), _value(one.there)
            hidden = " (they differ in what a terminal does not show)" if here == there else ""
            return f"{item}{one.field} here {here} in Stripe {there}{hidden}"
        case "item_missing_here" | "item_unknown_to_stripe":
            return item + _KINDS[one.kind.removeprefix("item_")]
        case "member":
            return f"in segment {plain(one.field, 300)}, against its rule"
        case "not_member":
            return f"not in segment {plain(one.field, 300)}, against its rule"
        case "count":
            name = "members with an email" if one.field == "with_email" else "members"
            return f"{one.field} {one.here:,}, {name} {one.there:,}"
        case kind:
            return _KINDS[kind]


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    return f'"{plain(value, 200)}"' if isinstance(value, str) else str(value)


class VerifyLine:
    """Findings on standard output as they come, and how far it is on a terminal's other one."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._terminal = sys.stderr.isatty()
        self._shown = 0.0
        self._trouble = ""

    def tell(self, finding: Finding | Skipped) -> None:
        """Called with everything found."""
        self.end()
        if self._json:
            print(json.dumps({"type": _TYPES[type(finding)], **asdict(finding)}), flush=True)
        else:
            print(sentence(finding), flush=True)

    def on_trouble(self, text: str) -> None:
        """Called when Stripe does not answer as it should, and with "" when it does again."""
        self._trouble = text

    def on_progress(self, progress: VerifyProgress) -> None:
        """Called often; shows something twice a second at most."""
        now = time.monotonic()
        if not self._terminal or now - self._shown < REFRESH:
            return
        self._shown = now
        line = f"{progress.compared:,} of {progress.total:,} objects compared"
        if progress.doubtful:
            line += f", {progress.doubtful:,} to look at again"
        if self._trouble:
            line += f" · {plain(self._trouble, 100)}"
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._terminal:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
