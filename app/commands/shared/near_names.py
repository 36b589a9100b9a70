"""Finds the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

NEAR = 0.6  # as difflib measures it, from 0 to 1
LONGEST = 100  # characters of what is compared, because the time grows with their square


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """ " Did you mean …?" with the name that is most like what was typed, or "" if none is. The
    names may be foreign."""
    from difflib import get_close_matches  # only for a mistake

    from app.text import fold, plain

    known = {fold(name[:LONGEST]): name for name in names}
    wanted = fold(typed[:LONGEST])
    near = get_close_matches(wanted, known, n=1, cutoff=NEAR)
    near = near or [one for one in known if len(wanted) > 2 and one.startswith(wanted)][:1]
    return f" Did you mean {plain(known[near[0]], 80)}?" if near else ""
