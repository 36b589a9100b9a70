"""Chooses among those who may be invited: a batch, or a random sample that can be repeated.

A participant's lot is the first 16 hex digits of the SHA-256 of ``seed:stripe id``, so that anyone
can repeat the draw with any tool. The lowest lots win. In a stratified sample each stratum gets its
share of the number, and the rest goes to the largest fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256

from app.db.segment_rules import LIVE
from app.db.store import Store

DAY = 86_400
CHUNK = 20_000
NONE = ""  # the stratum of participants without a plan or product

# Upper limits of the strata, in days as a customer. The last stratum has no limit.
TENURES = ((90, "under 3 months"), (365, "under a year"), (730, "under 2 years"))
LONGER, UNKNOWN = "2 years and more", "unknown"


def lot(seed: str, stripe_id: str) -> int:
    """A participant's lot: a number below 2**64."""
    return int.from_bytes(sha256(f"{seed}:{stripe_id}".encode()).digest()[:8])


def drawn(lots: Mapping[int, int], number: int, strata: Mapping[int, str] | None) -> set[int]:
    """The winners among the participants in ``lots``. ``strata``: the stratum of each."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for one in lots:
        groups[strata[one] if strata else NONE].append(one)
    taken: set[int] = set()
    for name, share in shares({name: len(who) for name, who in groups.items()}, number).items():
        taken.update(sorted(groups[name], key=lambda one: (lots[one], one))[:share])
    return taken


def shares(sizes: Mapping[str, int], number: int) -> dict[str, int]:
    """How many of ``number`` each stratum gets, by the largest remainder. Equal remainders go to
    the larger stratum, then by name."""
    total = sum(sizes.values())
    if number >= total:
        return dict(sizes)
    parts = {name: divmod(number * size, total) for name, size in sizes.items()}
    found = {name: whole for name, (whole, _) in parts.items()}
    left = number - sum(found.values())
    order = sorted(sizes, key=lambda name: (-parts[name][1], -sizes[name], name))
    for name in order[:left]:
        found[name] += 1
    return found


def tenure(created: int | None, now: int) -> str:
    """The stratum of a participant who became a customer at this time."""
    if created is None:
        return UNKNOWN
    days = (now - created) / DAY
    return next((words for most, words in TENURES if days < most), LONGER)


def held(store: Store, connection_id: int, ids: Sequence[int], kind: str) -> dict[int, str]:
    """The stratum of each of these participants by ``product``, or by ``plan``, which is a product
    with the interval of its price. A participant with several counts by the first, in order of
    name."""
    what = "coalesce(d.name, i.product)"
    if kind == "plan":
        what = f"{what} || ', ' || coalesce(r.interval, 'once')"
    live = ", ".join(f"'{status}'" for status in sorted(LIVE))
    found = dict.fromkeys(ids, NONE)
    for start in range(0, len(ids), CHUNK):
        # CROSS JOIN keeps SQLite's order: from each participant to their subscriptions. It would
        # start from all subscriptions, and look each of the ids up for each of them.
        rows = store.rows(
            f"SELECT p.id, min({what}) FROM participant p CROSS JOIN subscription s"
            " CROSS JOIN subscription_item i"
            " LEFT JOIN product d ON d.connection_id = s.connection_id AND d.stripe_id = i.product"
            " LEFT JOIN price r ON r.connection_id = s.connection_id AND r.stripe_id = i.price"
            f" WHERE {store.among('p.id')} AND +p.connection_id = ?"
            " AND s.connection_id = p.connection_id AND s.customer = p.stripe_id"
            f" AND s.status IN ({live}) AND NOT s.deleted AND i.subscription_id = s.id"
            " GROUP BY p.id",
            (store.values(ids[start : start + CHUNK]), connection_id),
        )
        found.update(rows)
    return found
