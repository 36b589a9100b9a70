"""``panelist connect`` and ``panelist disconnect``."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import io
import json
import os
import signal
import sys
import threading

from app import log
from app.cli import FAILED, NOT_CONNECTED
from app.credentials.factory import open_credentials
from app.credentials.store import CredentialProblem, Credentials, TokenStore
from app.db.store import open_store
from app.panel.overview import accounts, overview, status_json
from app.settings import Settings, load
from app.sync.auth.approval import Approval, open_browser
from app.sync.auth.connect import KeyReport
from app.sync.auth.disconnect import STAYS
from app.sync.auth.disconnect import disconnect as leave
from app.sync.auth.redirect import RedirectAnswer
from app.sync.service import Admitted, SyncService
from app.sync.stripe.oauth import OAuthApp, OAuthProblem
from app.text import plain

PLACES = {
    "1": (TokenStore.PASSPHRASE, "a file encrypted with a passphrase"),
    "2": (TokenStore.SESSION, "nowhere: this session only"),
    "3": (TokenStore.PLAIN, "a plain file, which every program of yours can read"),
}
YES, NO = ("y", "yes"), ("n", "no")
NEEDED = (
    "Customers, Subscriptions, Products, Prices and Events are read; never cards, payment"
    " methods, bank accounts, addresses, tax ids, balances or invoices."
)


def connect(options: argparse.Namespace) -> int:
    """Connect an account by OAuth or by a key; or only choose where access is kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load()
    store, credentials = open_store(settings), open_credentials(settings)
    log.start(settings.home)
    if options.token_store:
        place = TokenStore(options.token_store)
        credentials.choose(
            place, _new_passphrase(settings) if place is TokenStore.PASSPHRASE else None
        )
    service = SyncService(store, settings, credentials)
    key = _line() if options.key_stdin else settings.stripe_key
    if options.oauth:
        admitted = _by_oauth(options, service)
    elif key:
        admitted = _by_key(key, options, service)
    elif options.token_store and not options.key_stdin:
        print(f"Access is kept in: {plain(credentials.described())}")
        return 0
    else:
        _say(
            "Say how: panelist connect --oauth, or --key-stdin for a restricted key, or set"
            " PANELIST_STRIPE_KEY."
        )
        return 2
    connection = service.connect(admitted)
    if options.json:
        print(json.dumps(status_json(overview(store, connection))), flush=True)
    else:
        _print_report(admitted.report)
        print("Fetch the customers: panelist sync, or open the app: panelist")
    return 0


def _by_key(key: str, options: argparse.Namespace, service: SyncService) -> Admitted:
    if not options.key_stdin:  # one from the environment is never kept
        return service.by_key(key, keep=False)
    homeless = ""
    try:
        _have_place(service.settings, service.credentials)
    except CredentialProblem as problem:
        homeless = str(problem)
    admitted = service.by_key(key, keep=not homeless)
    if homeless:
        _say(f"The key works and was not kept: {homeless}")
    else:
        _say(f"The key is kept in: {plain(service.credentials.described())}")
    return admitted


def _by_oauth(options: argparse.Namespace, service: SyncService) -> Admitted:
    app = _app(options.mode, service)
    _have_place(service.settings, service.credentials)
    with service.approval(app) as approval:
        approval.ask()
        try:
            _show_page(approval, options)
            heard = _heard(approval)
        except KeyboardInterrupt:
            raise OAuthProblem("setup", "Stopped. Nothing was connected.") from None
        admitted = service.by_code(app, heard.code)
    where = plain(service.credentials.described())
    ends = service.credentials.token_store is TokenStore.SESSION
    _say(f"The access is kept in: {where}{', which ends with this command' if ends else ''}")
    return admitted


def _app(mode: str | None, service: SyncService) -> OAuthApp:
    wanted = [False, True] if mode is None else [mode == "live"]
    there = [app for app in map(service.registered, wanted) if app is not None]
    if len(there) == 2:
        raise OAuthProblem("setup", "OAuth is set up for both modes; add --mode live or test.")
    if not there:
        raise OAuthProblem(
            "setup",
            f"OAuth is not set up{f' for {mode} mode' if mode else ''}. Set"
            " PANELIST_STRIPE_CLIENT_ID and PANELIST_STRIPE_CLIENT_SECRET, or enter them in the"
            " app (Set up OAuth); a restricted key needs neither: panelist connect --key-stdin",
        )
    return there[0]


def _have_place(settings: Settings, credentials: Credentials) -> None:
    """See to a place that keeps access, before there is any. Asks a person, if there is one."""
    try:
        credentials.ensure()
    except CredentialProblem as problem:
        if problem.kind not in ("unavailable", "unanswered", "refused", "locked"):
            raise
        if not (_somebody_types() and sys.stderr.isatty()):
            raise
        _say(str(problem))
        if problem.kind == "locked":
            credentials.unlock(getpass.getpass("Passphrase: ", sys.stderr))
            return
        for number, (_, words) in PLACES.items():
            _say(f"  {number}  {words}")
        print("Keep the access in (1, 2 or 3; Enter: nothing is done): ", end="", file=sys.stderr)
        sys.stderr.flush()
        chosen = PLACES.get(_line())
        if chosen is None:
            raise
        place = chosen[0]
        credentials.choose(
            place, _new_passphrase(settings) if place is TokenStore.PASSPHRASE else None
        )


def _new_passphrase(settings: Settings) -> str | None:
    if settings.passphrase or not _somebody_types():
        return settings.passphrase
    first = getpass.getpass("New passphrase: ", sys.stderr)
    if first != getpass.getpass("Once more: ", sys.stderr):
        raise CredentialProblem("wrong passphrase", "The two differ. Nothing was changed.")
    return first


def _show_page(approval: Approval, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps({"type": "authorize", "url": approval.url}), flush=True)
    else:
        _say(NEEDED)
        print(f"Open this page and approve:\n{approval.url}", flush=True)
    if not options.no_browser:
        why_not = open_browser(approval.url, os.environ)
        _say(f"It was not opened here: {why_not}." if why_not else "It was opened in the browser.")
    if approval.trouble:
        _say(approval.trouble)
    else:
        _say("Waiting for Stripe's answer; the address it redirects to can also be pasted here.")


def _heard(approval: Approval) -> RedirectAnswer:
    """What came of it, by the listener or by what a person enters."""
    desk = _Prompt(approval)
    threading.Thread(target=desk.read, name="stdin", daemon=True).start()
    while True:
        heard = desk.guest(approval.wait())
        if heard is not None:
            return heard


class _Prompt:
    """Lines on standard input are pasted addresses, or y and n when an install that nobody
    started here asks to be accepted. One is asked about at a time, so that an answer is never
    taken for one that came in between."""

    def __init__(self, approval: Approval) -> None:
        self._approval = approval
        self._guests: list[RedirectAnswer] = []
        self._asked: RedirectAnswer | None = None  # about whom
        self._answers: list[bool] = []  # one at most, and not looked at yet

    def read(self) -> None:
        """In a thread of its own, which no exit waits for. The wait ends with the input when
        nothing else can end it."""
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        with contextlib.suppress(OSError):  # the terminal has gone
            for line in sys.stdin or ():
                self._take(line.strip())
        if self._approval.trouble:
            self._approval.cancel()

    def _take(self, text: str) -> None:
        if self._asked is not None and not self._answers and text.lower() in YES + NO:
            self._answers.append(text.lower() in YES)
            self._approval.cancel()  # wakes the wait
        elif text:
            try:
                self._approval.paste(text)
            except OAuthProblem as problem:
                _say(str(problem))

    def guest(self, heard: RedirectAnswer | None) -> RedirectAnswer | None:
        """What is to be connected; None while it is not decided. Raises OAuthProblem."""
        if heard is not None and heard.kind != "uninvited":
            return heard
        if heard is not None:
            self._guests.append(heard)
        elif not self._answers:
            raise OAuthProblem("setup", self._approval.trouble)
        else:
            asked, self._asked = self._asked, None
            if self._answers.pop():
                return asked
            _say("It was not accepted; its code was not used. Waiting for Stripe's answer.")
        if self._guests and self._asked is None:
            self._asked = self._guests.pop(0)
            _say(
                "An install was started in Stripe's Dashboard, for account"
                f" {plain(self._asked.account)} as it says. Accept it? (y or n)"
            )
        return None


def _print_report(report: KeyReport) -> None:
    mode = "LIVE" if report.livemode else "TEST"
    print(f"Connected: {plain(report.account_name or report.account)} ({report.account}), {mode}.")
    for one in report.permissions:
        print(f"  {'yes' if one.granted else 'NO '}  {one.label}" + _cost(one.granted, one.cost))
    for warning in report.warnings:
        print(warning)


def _cost(granted: bool, cost: str) -> str:
    return "" if granted else f": {cost}"


def disconnect(options: argparse.Namespace) -> int:
    """Leave the account, after a yes."""
    settings = load()
    store = open_store(settings)
    log.start(settings.home)
    known = accounts(store)
    if not known:
        _say("Not connected; there is nothing to leave.")
        return NOT_CONNECTED
    one = known[0]
    name = plain(one.account_name or one.account)
    if not options.yes:
        if not _somebody_types():
            _say(f"This would disconnect {name}. {STAYS} Say panelist disconnect --yes to do it.")
            return 2
        print(f"Disconnect {name} ({one.mode})? {STAYS} (y or n) ", end="", flush=True)
        if _line().lower() not in YES:
            print("Nothing was changed.")
            return FAILED
    left = leave(store, settings, open_credentials(settings), one)
    for sentence in left.said:
        print(sentence, flush=True)
    if not left.whole:
        _say("Not all of it could be done; say panelist disconnect again.")
        return FAILED
    return 0


def _somebody_types() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _line() -> str:
    """The next line of standard input, if there is one."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return sys.stdin.readline().strip() if sys.stdin is not None else ""
    return ""


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)
