"""PostgreSQL's address and its driver, which is an optional extra of Panelist."""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import peewee

from app.db.errors import DatabaseProblem

# A server that does not answer is noticed within seconds, at both ends. The address may say more.
SESSION = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# What the server ends for us (postgresql.org/docs/current/runtime-config-client.html). A lock that
# another program holds, and a process of ours that sleeps in a transaction, stop no one for ever.
LIMITS = {"lock_timeout": "30s", "idle_in_transaction_session_timeout": "5min"}
FORM = "PANELIST_DATABASE_URL is not of the form postgresql://user:password@host:port/name."
ENCODED = (
    "PANELIST_DATABASE_URL cannot be read. Percent-encode the special characters in the user and"
    " the password: / is %2F, @ is %40, : is %3A, # is %23, ? is %3F and % is %25."
)
ONE_SERVER = "PANELIST_DATABASE_URL names several servers. Name only the primary server."
PORT = "The port in PANELIST_DATABASE_URL is not a number from 1 to 65535. Correct it."
ANOTHERS_DATABASE = (
    "{where} has a table 'schema_version' that is not Panelist's. Nothing was changed."
    " Create a database for Panelist only, and correct PANELIST_DATABASE_URL."
)
NOT_UTF_8 = (
    "{where} stores text as {encoding}, which cannot hold every name. Nothing was changed. Create a"
    " database with CREATE DATABASE panelist ENCODING 'UTF8' TEMPLATE template0, and correct"
    " PANELIST_DATABASE_URL."
)
NO_DRIVER = (
    "Panelist was installed without its PostgreSQL driver. Nothing was changed. Install it with"
    ' pip install "panelist[postgres]", or unset PANELIST_DATABASE_URL to use SQLite.'
)


def database(url: str) -> peewee.Database:
    """The database at this address, not yet connected. Raises DatabaseProblem."""
    parts, name, port = _read(url)
    _give_driver()
    options: dict[str, Any] = {
        **SESSION,
        "application_name": f"panelist, process {os.getpid()} on {socket.gethostname()}",
        "host": parts.hostname,
        "port": port,
        "user": unquote(parts.username or ""),
    }
    options["password"] = unquote(parts.password) if parts.password else None
    # A plan made for empty tables must not be reused once they have a million rows.
    limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
    options["options"] = f"-c plan_cache_mode=force_custom_plan {limits}"
    given = dict(parse_qsl(parts.query))
    if "options" in given:
        given["options"] = f"{options['options']} {given['options']}"
    options.update(given)
    from app.db.engines.watched_postgres import WatchedPostgres  # only with its driver

    return WatchedPostgres(name, {key: value for key, value in options.items() if value})


def _read(url: str) -> tuple[SplitResult, str, int | None]:
    """(the address, the database's name, the port). Raises DatabaseProblem, which shows none of
    them: an address that is cut at the wrong place has a part of the password anywhere."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise DatabaseProblem(ENCODED if "@" in url else FORM) from None
    try:
        port = parts.port
    except ValueError:
        raise DatabaseProblem(_about_port(url, parts)) from None
    if "\0" in unquote(url):  # libpq would stop reading there
        raise DatabaseProblem(FORM)
    if parts.scheme not in ("postgres", "postgresql"):
        raise DatabaseProblem(FORM)
    name = parts.path.lstrip("/")
    if parts.fragment or set(name) & set("/@:") or "@" in parts.query:
        raise DatabaseProblem(ENCODED)
    if not name:
        raise DatabaseProblem(FORM)
    return parts, unquote(name), port


def _about_port(url: str, parts: SplitResult) -> str:
    """Why the port cannot be read. What looks like one may be a piece of a password."""
    login, _, place = parts.netloc.rpartition("@")
    if "@" in login or "@" in url.partition(parts.netloc)[2]:
        return ENCODED
    return ONE_SERVER if "," in place else PORT


def _give_driver() -> None:
    """Give peewee the driver that it would have imported itself. See :mod:`app.db`. Raises
    DatabaseProblem."""
    if getattr(peewee, "psycopg", None) is not None:
        return
    try:
        import psycopg
        from psycopg.pq import TransactionStatus
        from psycopg.types.json import Json, Jsonb
    except ImportError as error:
        raise DatabaseProblem(NO_DRIVER) from error
    imported = {"TransactionStatus": TransactionStatus, "Json_pg3": Json, "Jsonb_pg3": Jsonb}
    for name, value in ({"psycopg": psycopg} | imported).items():
        setattr(peewee, name, value)
    for name in ("IDLE", "INERROR", "UNKNOWN"):
        setattr(peewee.Psycopg3Adapter, f"txn_{name.lower()}", TransactionStatus[name])
