"""``panelist verify --stripe``: compares the panel with Stripe, and reports every difference."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict

from app import log
from app.commands.shared.console import say
from app.commands.shared.exit_codes import DONE, FAILED, NotConnected
from app.commands.shared.progress import Progress
from app.commands.shared.signals import run_until_signalled
from app.commands.shared.stripe_access import reading_access
from app.commands.verify.comparison_words import first_sentence, how_far, sentence, summary
from app.db.engines.store_factory import open_store
from app.panel.export.json_values import JsonForm, JsonReport
from app.problems import Problem
from app.settings import load
from app.sync.stripe.client import ENDED, StripeApi, StripeProblem
from app.sync.verify.findings import Difference, Finding, Pending, SetAside, Skipped, VerifyProgress
from app.sync.verify.verifier import Verifier
from app.text import plain

_TYPES = {Difference: "difference", Pending: "pending", SetAside: "set_aside", Skipped: "skipped"}

SAMPLE = 500  # objects, without --sample and --all


def compare_with_stripe(options: argparse.Namespace) -> int:
    """Compare a sample or everything. Returns the exit code, 0 if nothing differs."""
    settings = load()
    store = open_store(settings)
    log.start(settings.home)
    started = time.monotonic()
    connection, access, asked = reading_access(store, settings)
    shown = ComparisonOutput(options.json)
    api = StripeApi(settings.stripe_api_base, access, settings.rate, on_trouble=shown.on_trouble)
    if asked:
        api.requests["GET /v1/account"] = asked
    verifier = Verifier(
        api, store, connection, shown.tell, lambda: shown.on_progress(verifier.progress)
    )
    progress = verifier.progress
    sample = None if options.all else options.sample or SAMPLE

    async def compare() -> None:
        async with api:
            await verifier.run(sample)

    try:
        stopped = run_until_signalled(compare())
    except StripeProblem as problem:
        if problem.kind in ENDED:
            shown.give_up()
            raise NotConnected(f"{problem} Nothing was changed here.") from problem
        shown.give_up()
        raise Problem(f"{first_sentence(problem)} {how_far(progress)}") from problem
    finally:
        shown.clear()
    if stopped:
        say(f"Stopped. {how_far(progress)}")
    seconds = time.monotonic() - started
    if options.json:
        scope = "all" if options.all else "sample"
        shown.report.end(_finished(progress, api, scope, seconds, stopped=stopped))
    elif not stopped:
        print(summary(progress, sum(api.requests.values()), seconds, sampled=sample is not None))
    return FAILED if stopped or progress.differences else DONE


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


class ComparisonOutput:
    """Prints findings on standard output as they come, and progress on a terminal's standard
    error."""

    def __init__(self, form: JsonForm | None) -> None:
        self._json = form is not None
        self.report = JsonReport(sys.stdout, "findings", form or "jsonl")
        self.give_up = self.report.give_up
        self._progress = Progress()
        self._trouble = ""
        self.clear = self._progress.clear

    def tell(self, finding: Finding | Skipped) -> None:
        """Called with each finding."""
        self.clear()
        if self._json:
            self.report.add({"type": _TYPES[type(finding)], **asdict(finding)})
        else:
            print(sentence(finding), flush=True)

    def on_trouble(self, text: str) -> None:
        """Called when Stripe does not answer as it should, and with "" when it does again."""
        self._trouble = text

    def on_progress(self, progress: VerifyProgress) -> None:
        """Called often."""
        if not self._progress.due:
            return
        parts = [f"{progress.compared:,} of {progress.total:,} objects compared"]
        if progress.doubtful:
            parts.append(f"{progress.doubtful:,} to check again")
        if self._trouble:
            parts.append(plain(self._trouble, 100))
        self._progress.show(parts)
