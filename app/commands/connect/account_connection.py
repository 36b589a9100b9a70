"""Connects an account by a key or by OAuth, and prints the result."""

from __future__ import annotations

import argparse

from app import log
from app.commands.connect.oauth_prompt import connect_by_oauth
from app.commands.shared.console import print_json, read_secret, say
from app.commands.shared.exit_codes import DONE, NotConnected, WrongUse
from app.commands.shared.signals import interrupt_on_signals
from app.commands.shared.slow_answers import STRIPE, say_if_slow
from app.commands.shared.token_store_choice import choose_token_store, ensure_token_store
from app.credentials.factory import open_credentials
from app.credentials.store import CredentialProblem, TokenStore
from app.db import connections
from app.db.engines.store_factory import open_store
from app.panel.overview import overview, status_json
from app.settings import load
from app.sync.auth.key_check import KeyReport
from app.sync.service import Admitted, SyncService
from app.text import plain

KEY = "Restricted key (rk_…): "


def connect_account(options: argparse.Namespace) -> int:
    """Connect, or only choose the credential storage. Returns the exit code."""
    interrupt_on_signals()
    settings = load()
    store, credentials = open_store(settings), open_credentials(settings)
    log.start(settings.home)
    if options.token_store:
        choose_token_store(settings, credentials, TokenStore(options.token_store))
    service = SyncService(store, settings, credentials)
    if options.replace_key:
        return _replace_key(service, options)
    key = read_secret(KEY) if options.key_stdin else settings.stripe_key
    if options.oauth:
        admitted = connect_by_oauth(options, service)
    elif key:
        admitted = _by_key(key, service, from_environment=not options.key_stdin)
    elif options.token_store and not options.key_stdin:
        print(f"Credential storage: {plain(credentials.described())}")
        return DONE
    else:
        raise WrongUse(
            "Choose how to connect. Nothing was changed. Use --oauth, use --key-stdin for a"
            " restricted key, or set PANELIST_STRIPE_KEY."
        )
    connection = service.connect(admitted)
    if options.json:
        print_json(status_json(overview(store, connection)))
    else:
        _print_report(admitted.report)
        print("To copy your customers, run panelist sync or open the app with panelist.")
    return DONE


def _replace_key(service: SyncService, options: argparse.Namespace) -> int:
    """Use another key of the connected account. The connection and everything fetched stay."""
    if not connections.connected(service.store):
        raise NotConnected(
            "No account is connected, so there is no key to replace. Nothing was changed."
            " Run panelist connect."
        )
    ensure_token_store(service.settings, service.credentials)
    key = read_secret(KEY)
    with say_if_slow(STRIPE):
        admitted = service.replace_key(key)
    connection = service.connect(admitted)
    if options.json:
        print_json(status_json(overview(service.store, connection)))
    else:
        _print_report(admitted.report)
        print("The key was replaced. Delete the old one at Stripe (Developers, API keys).")
    return DONE


def _by_key(key: str, service: SyncService, *, from_environment: bool) -> Admitted:
    if from_environment:  # such a key is never stored
        with say_if_slow(STRIPE):
            return service.by_key(key, keep=False)
    homeless = ""
    try:
        ensure_token_store(service.settings, service.credentials)
    except CredentialProblem as problem:
        homeless = str(problem)
    with say_if_slow(STRIPE):
        admitted = service.by_key(key, keep=not homeless)
    if homeless:
        say(f"The key is valid, but it was not stored: {homeless}")
    else:
        say(f"The key is stored in: {plain(service.credentials.described())}")
    return admitted


def _print_report(report: KeyReport) -> None:
    mode = "LIVE" if report.livemode else "TEST"
    print(f"Connected: {plain(report.account_name or report.account)} ({report.account}), {mode}.")
    for one in report.permissions:
        cost = "" if one.granted else f": {one.cost}"
        print(f"  {'yes' if one.granted else 'NO '}  {one.label}{cost}")
    for warning in report.warnings:
        print(warning)
