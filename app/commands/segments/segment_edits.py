"""``panelist segments create``, ``change`` and ``delete``: edit custom segments."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from app.commands.shared.console import print_json
from app.commands.shared.context import (
    Context,
    check_known,
    filter_refused,
    find_segment,
    open_context,
)
from app.commands.shared.exit_codes import DONE, WrongUse
from app.db.indexes.subscription_indexes import left_out
from app.panel.filters.errors import FilterError
from app.panel.segments import custom
from app.panel.segments.custom import CustomSegmentProblem
from app.panel.segments.views import SegmentView, segments
from app.problems import Problem
from app.text import plain

RULE = 4_000  # characters of a rule in words


def create_segment(options: argparse.Namespace) -> int:
    """Create a custom segment from a filter."""
    with _editing(options) as context:
        check_known(context, options.filter)
        key = custom.make(context.store, context.connection, options.name, options.filter)
    return _print_edited(context, key, options)


def change_segment(options: argparse.Namespace) -> int:
    """Change the name or filter of a custom segment."""
    with _editing(options) as context:
        old = find_segment(context, options.key)
        key = old.key
        if old.filter is None:
            raise CustomSegmentProblem(
                f"{old.name} is not a custom segment. Nothing was changed. Only custom segments"
                " can be changed."
            )
        name, text = options.name or old.name, options.filter or old.filter
        check_known(context, text)
        custom.change(context.store, context.connection, key, name, text)
    return _print_edited(context, key, options)


def delete_segment(options: argparse.Namespace) -> int:
    """Delete a custom segment. Its members stay in the history."""
    with _editing(options) as context:
        key = find_segment(context, options.key).key
        custom.delete(context.store, context.connection, key)
    return _print_edited(context, key, options)


@contextlib.contextmanager
def _editing(options: argparse.Namespace) -> Iterator[Context]:
    """Turn a wrong name, key or filter into WrongUse."""
    context = open_context(options.account)
    if left_out(context.store):
        raise Problem(
            "Subscriptions are still syncing. Nothing was changed. Create segments when"
            " Status shows that subscriptions are complete."
        )
    try:
        yield context
    except CustomSegmentProblem as why:
        raise WrongUse(plain(why, 1000)) from why
    except FilterError as error:
        raise filter_refused(error) from error


def _print_edited(context: Context, key: str, options: argparse.Namespace) -> int:
    found = _view(context, key)
    if options.json:
        print_json({"key": key, "count": found.count if found else None})
    elif found is None:
        print(f"Deleted {plain(key)}.")
    else:
        count = f"{found.count:,} members"
        print(f"{plain(found.name)} ({plain(key)}): {count} – {plain(found.rule, RULE)}")
    return DONE


def _view(context: Context, key: str) -> SegmentView | None:
    views = segments(context.store, context.connection)
    return next((one for one in views if one.key == key), None)
