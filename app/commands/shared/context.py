"""The context of a command: the database, the account, and what its options name there.

Every command imports this module before it knows whether it will run, so other imports are inside
the functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.commands.shared.exit_codes import NotConnected, WrongUse
from app.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.db.store import Store
    from app.invites.studies import Study
    from app.panel.filters.errors import FilterError
    from app.panel.lists.selection import Condition
    from app.panel.overview import ConnectionView
    from app.panel.segments.views import SegmentView
    from app.settings import Settings

NO_CONNECTION = (
    "Not connected. Connect a Stripe account with panelist connect, or try panelist demo."
)


class Context(NamedTuple):
    """The settings, the open database, and the id of the connection."""

    settings: Settings
    store: Store
    connection: int


def open_context(account: str | None = None) -> Context:
    """Open the database with the account of ``--account``, or else the one connected last.

    Raises NotConnected, WrongUse for an unknown account, SettingsError and DatabaseProblem.
    """
    from app.db.engines.store_factory import open_store
    from app.settings import load

    settings = load()
    store = open_store(settings)
    connection = find_connection(store, account)
    if connection is None:
        raise NotConnected(NO_CONNECTION)
    return Context(settings, store, connection.id)


def find_connection(store: Store, account: str | None = None) -> ConnectionView | None:
    """The connection of ``--account``, or else the newest. None if there is none yet. Raises
    WrongUse for an unknown account."""
    from app.commands.shared.near_names import did_you_mean
    from app.panel.overview import accounts
    from app.text import plain

    known = accounts(store)
    if account is None:
        return known[0] if known else None
    for one in known:
        if account in (one.account, f"{one.account}/{one.mode}"):
            return one
    meant = did_you_mean(account, [one.account for one in known])
    names = ", ".join(f"{plain(one.account)}/{one.mode}" for one in known) or "none yet"
    raise WrongUse(
        f"Unknown account {plain(account)!r}.{meant} Nothing was changed. Known accounts: {names}."
    )


def find_segment(context: Context, text: str) -> SegmentView:
    """The segment with this key or name. Raises WrongUse."""
    from app.commands.shared.near_names import did_you_mean
    from app.panel.segments.doubts import segments_with_doubts
    from app.text import fold, plain

    views = segments_with_doubts(context.store, context.connection)
    found = [one for one in views if one.key == text]
    found = found or [one for one in views if one.name == text]
    found = found or [one for one in views if fold(one.name) == fold(text)]
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(plain(one.key, 100) for one in found)
        raise WrongUse(f"Several segments have this name. Use a key: {keys}.")
    meant = did_you_mean(text, [name for one in views for name in (one.name, one.key)])
    raise WrongUse(
        f"Unknown segment {plain(text, 100)!r}.{meant} Nothing was changed. To list segments, run"
        " panelist segments."
    )


def find_members(context: Context, text: str | None) -> str | None:
    """The key of the segment with this key or name, None for None. Raises WrongUse. Raises Problem
    if its members are not known. Says who is left out of it."""
    if text is None:
        return None
    view = find_segment(context, text)
    say_doubt(context, view)
    return view.key


def say_doubt(context: Context, view: SegmentView) -> None:
    """Raise Problem if the members of a segment are not known. Say who is left out of it."""
    from app.commands.shared.console import say
    from app.panel.knowledge import Knowledge, knowledge
    from app.text import plain

    name = plain(view.name, 80)
    known = knowledge(context.store, context.connection)
    if view.doubt and known is not Knowledge.KNOWN:
        raise Problem(f"{known.sentence} The members of the segment “{name}” depend on them.")
    if view.doubt:
        say(f"The segment “{name}” is {plain(view.doubt)}.")


def find_all_members(context: Context, texts: Iterable[str] | None) -> list[str] | None:
    """As :func:`find_members` for each of these segments."""
    return None if texts is None else [find_members(context, one) or "" for one in texts]


def find_filter(context: Context, text: str) -> Condition:
    """The condition of ``--filter``. Raises WrongUse if it cannot be read, and Problem while it
    asks for what is not known."""
    import time

    from app.panel.filters.compile import compiled
    from app.panel.filters.errors import FilterError

    try:
        condition = compiled(text, context.store, context.connection, time.time())
    except FilterError as error:
        raise filter_refused(error) from error
    check_known(context, text)
    return condition


def check_known(context: Context, text: str) -> None:
    """Raise Problem if a filter depends on subscriptions and those are not known."""
    from app.panel.filters.parse import parse
    from app.panel.filters.subscription_use import asks_subscriptions
    from app.panel.knowledge import Knowledge, knowledge

    known = knowledge(context.store, context.connection)
    if known is not Knowledge.KNOWN and asks_subscriptions(
        parse(text), context.store, context.connection
    ):
        raise Problem(f"{known.sentence} This filter depends on them.")


def filter_refused(error: FilterError) -> WrongUse:
    """The problem of a filter, and its position."""
    from app.panel.filters.errors import pointed
    from app.text import plain

    return WrongUse(f"{plain(error.sentence, 1000)}\n{pointed(error)}")


def find_study(context: Context, text: str | None) -> Study:
    """The study with this number or title. Without one, the only study that is not over. Raises
    WrongUse."""
    from app.commands.shared.near_names import did_you_mean
    from app.invites import studies
    from app.text import plain

    every = studies.studies(context.store, context.connection)
    if not text:
        going = [one for one in every if one.state in studies.CHANGEABLE]
        if len(going) == 1:
            return going[0]
        raise WrongUse("Choose a study with --study. To list studies, run panelist studies.")
    found = [one for one in every if str(one.id) == text or one.title == text]
    found = found or [one for one in every if one.title.casefold() == text.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(one.id) for one in found)
        raise WrongUse(f"Several studies have this title. Use a number: {numbers}.")
    raise WrongUse(
        f"Unknown study {plain(text, 100)!r}.{did_you_mean(text, [one.title for one in every])}"
        " Nothing was changed. To list studies, run panelist studies."
    )
