"""A plan says of each member what a plain reading of the same facts says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.engines.store_factory import open_store
from app.db.rows import Fetched
from app.db.store import Store
from app.invites import opt_outs, studies
from app.invites.mail.addresses import AddressFault, hasher, read
from app.invites.plan import frozen, plan, sampling
from app.invites.plan.drift import difference
from app.invites.plan.options import Options
from app.invites.plan.outcomes import ALREADY, Outcome
from app.settings import Settings
from tests.conftest import drop_database, new_database
from tests.helpers import rows as making
from tests.helpers.depth import examples
from tests.helpers.study_world import BY, account, planned, queued, study

DAY = 86_400
NOW = int(time.time())
EMAILS = (
    *(None, "", "  ", "nobody", "two@a.example,three@a.example", "esc\x1b@a.example"),
    *("ada@a.example", "ADA@a.example", " ada@A.example ", "eve@b.example", "bob@b.example"),
)
STATES = (*ALREADY, "failed", "withdrawn")
ENDED = ("completed", "declined", "bounced", "failed", "expired", "withdrawn")


@dataclass(frozen=True)
class Member:
    email: str | None
    created: int
    active: bool
    product: bool


@dataclass(frozen=True)
class Had:
    """An invite of one person: of this study or another, days ago, to the mailbox of ``email``."""

    who: int
    here: bool
    state: str
    days: int
    email: str


@dataclass(frozen=True)
class World:
    members: tuple[Member, ...]
    opted_out: frozenset[tuple[str, str]]
    had: tuple[Had, ...]
    excluded: bool
    again: tuple[str, ...]
    overrides: tuple[str, ...]
    batch: int
    segments: tuple[str, ...]

    def asks(self, one: Member) -> bool:
        """Whether someone is in one of its segments."""
        return "all" in self.segments or not one.active


usable = [one for one in EMAILS if one and isinstance(read(one), str)]
members = st.builds(
    Member, st.sampled_from(EMAILS), st.integers(1, 4), st.booleans(), st.booleans()
)
worlds = st.builds(
    World,
    st.lists(members, min_size=1, max_size=9).map(tuple),
    st.frozensets(st.tuples(st.sampled_from(usable), st.sampled_from(opt_outs.KINDS)), max_size=2),
    st.lists(
        st.builds(
            Had, st.integers(0, 8), st.booleans(), st.sampled_from(STATES),
            st.sampled_from((0, 1, 29, 30, 31, 49, 50, 51)),
            st.sampled_from(usable),
        ),
        max_size=6,
    ).map(tuple),
    st.booleans(),
    st.sampled_from([(), ("expired",), ("completed", "declined")]),
    st.sampled_from([(), ("cool_down",), ("cap",), ("cool_down", "cap")]),
    st.integers(0, 4),
    st.sampled_from([("all", "active"), ("none",)]),
)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """One database for all worlds: each is an account of its own in it."""
    home: Path = tmp_path_factory.mktemp("plans")
    if request.param == "sqlite":
        yield open_store(Settings(home=home))
        return
    server = request.getfixturevalue("postgres")
    url = new_database(server, request.getfixturevalue("prepared"))
    store = open_store(Settings(home=home, database_url=url))
    yield store
    store.close()
    drop_database(server, url)


def put(store: Store, world: World) -> tuple[int, int]:
    """Store a world's facts; its account and its study."""
    for table in ("invite", "opt_out"):  # of other worlds: they would hold here, too
        store.execute(f"DELETE FROM {table}")
    here = making.connection(store)
    some = [
        making.person(f"cus_{at}", email=one.email, created=one.created)
        for at, one in enumerate(world.members)
    ]
    held = [(at, one) for at, one in enumerate(world.members) if one.active]
    making.send(
        store,
        here,
        Fetched(
            1,
            participants=some,
            products=[making.product("prod_a")],
            subscriptions=[making.subscribed(f"sub_{at}", f"cus_{at}") for at, _ in held],
            items=[making.item(f"sub_{at}", "prod_a") for at, one in held if one.product],
        ),
    )
    making.make_segments(store, here)
    key, other = study(store, here), study(store, here, "Another")
    for one in (key, other):
        studies.change(store, one, BY, cool_down_days=30, cap=2, cap_days=50)
    hashes = hasher(store)
    ids: dict[str, int] = dict(
        store.rows("SELECT stripe_id, id FROM participant WHERE connection_id = ?", (here,))
    )
    rows = list[tuple[object, ...]]()
    store.execute(
        'INSERT INTO run (study_id, kind, way, state, number, at, "by", go_at, machine)'
        " VALUES (?, 'invite', 'eml', 'done', 0, 0, '', 0, '')",
        (key,),
    )
    (run,) = store.row("SELECT max(id) FROM run")
    for at, had in enumerate(world.had):
        if had.who < len(world.members):
            box = hashes.stored(str(read(had.email)))
            sent = None if had.state in ("queued", "sending") else NOW - had.days * DAY
            of = key if had.here else other
            rows.append(
                (here, of, ids[f"cus_{had.who}"], run, box, f"t{here}-{at}", had.state,
                 NOW - had.days * DAY, sent)
            )  # fmt: skip
    store.insert(
        "invite (connection_id, study_id, participant_id, run_id, mailbox, token, state, queued_at,"
        " sent_at)",
        rows,
        "ON CONFLICT DO NOTHING",
    )
    for email, kind in world.opted_out:
        store.execute(
            'INSERT INTO opt_out (mailbox, kind, at, "by") VALUES (?, ?, 0, ?)'
            " ON CONFLICT DO NOTHING",
            (hashes.stored(str(read(email))), kind, BY),
        )
    return here, key


def plainly(store: Store, world: World, here: int, key: int) -> dict[str, Outcome]:
    """What becomes of each, by the words of field.md and design.md, one person after the other."""
    boxes: dict[int, str | None] = {}
    for at, one in enumerate(world.members):
        box = read(one.email or "")
        boxes[at] = box if isinstance(box, str) else None
    hashes = hasher(store)
    stored = {hashes.stored(box): box for box in map(str, map(read, usable))}
    had = [
        (int(who.removeprefix("cus_")), stored[box], of == key, state, sent, queued_at)
        for who, box, of, state, sent, queued_at in store.rows(
            "SELECT p.stripe_id, i.mailbox, i.study_id, i.state, i.sent_at, i.queued_at"
            " FROM invite i JOIN participant p ON p.id = i.participant_id"
            " WHERE i.connection_id = ?",
            (here,),
        )
    ]
    outside = {at for at, one in enumerate(world.members) if one.active and one.product}
    outside = outside if world.excluded else set()
    shut = {boxes[at] for at in outside if boxes[at]}
    found: dict[int, Outcome] = {}
    for at, one in enumerate(world.members):
        if not world.asks(one):
            continue
        if at in outside or boxes[at] in shut:
            found[at] = Outcome.EXCLUDED
        elif not (one.email or "").strip():
            found[at] = Outcome.NO_EMAIL
        elif isinstance(read(one.email or ""), AddressFault):
            found[at] = Outcome.UNUSABLE
    left = [at for at, one in enumerate(world.members) if world.asks(one) and at not in found]
    away = {str(read(email)) for email, _ in world.opted_out}
    for mine in {boxes[at] for at in left}:
        sharing = [at for at in left if boxes[at] == mine]
        first = min(sharing, key=lambda at: (world.members[at].created, f"cus_{at}"))
        found.update(dict.fromkeys(sharing, Outcome.SAME_MAILBOX))
        del found[first]
        theirs = [one for one in had if one[0] in sharing or one[1] == mine]
        outcome = judged(world, theirs, mine)
        if mine in away:
            outcome = Outcome.OPTED_OUT
        if outcome is not None:
            found[first] = outcome
    free = sorted(
        (at for at in left if at not in found),
        key=lambda at: (world.members[at].created, sampling.lot("", f"cus_{at}")),
    )
    for place, at in enumerate(free):
        taken = not world.batch or place < world.batch
        found[at] = Outcome.INVITE if taken else Outcome.NOT_SAMPLED
    return {f"cus_{at}": outcome for at, outcome in found.items()}


def judged(
    world: World, theirs: list[tuple[int, str, bool, str, int | None, int]], box: str | None
) -> Outcome | None:
    """What stands in the way of a mailbox that had these invites."""
    for _, to, here, state, _, _ in theirs:
        again = state in ("failed", "withdrawn", *world.again)
        if here and not again and not (state == "bounced" and to != box):
            return Outcome.ALREADY
    at = sorted(
        sent if sent is not None else queued_at
        for *_, state, sent, queued_at in theirs
        if sent is not None or state in ("queued", "sending")
    )[::-1]
    if "cool_down" not in world.overrides and at and at[0] + 30 * DAY >= NOW:
        return Outcome.COOL_DOWN
    if "cap" not in world.overrides and len(at) > 1 and at[1] + 50 * DAY >= NOW:
        return Outcome.CAP
    return None


def made(store: Store, world: World, key: int) -> plan.Plan:
    options = Options(
        world.segments,
        excluded=("product:prod_a",) if world.excluded else (),
        take="batch" if world.batch else "all",
        number=world.batch,
        again=world.again,
        overrides=world.overrides,
        reason="because",
    )
    return plan.make(store, studies.get(store, key), options, NOW)


@pytest.mark.deep
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(world=worlds)
def test_each_member_has_the_outcome_of_a_plain_reading(shared: Store, world: World) -> None:
    with shared.transaction():
        here, key = put(shared, world)
        found = made(shared, world, key)
        names: dict[int, str] = dict(
            shared.rows("SELECT id, stripe_id FROM participant WHERE connection_id = ?", (here,))
        )
        outcomes = {names[row]: outcome for outcome in Outcome for row in found.ids(outcome)}
        assert outcomes == plainly(shared, world, here, key)
        assert sum(found.counts().values()) == len(found) == sum(map(world.asks, world.members))
        kept = frozen.freeze(shared, found, BY)
        assert frozen.counts(shared, kept.id) == found.counts()
        assert not difference(shared, kept, NOW)


def test_the_same_plan_has_the_same_hash_anywhere(store: Store, tmp_path: Path) -> None:
    elsewhere = open_store(Settings(home=tmp_path / "other"))
    hashes = []
    for one, order in ((store, 1), (elsewhere, -1)):
        here = making.connection(one)
        if one is elsewhere:
            one.execute("DELETE FROM mailbox_key")
        for at in range(6)[::order]:
            making.send(one, here, Fetched(at + 1, participants=[making.person(f"cus_{at}")]))
        making.make_segments(one, here)
        key = study(one, here)
        options = Options(("all",), take="random", number=3, seed="7f3a")
        found = plan.make(one, studies.get(one, key), options, NOW)
        hashes.append(frozen.plan_hash(one, found))
    assert hashes[0] == hashes[1]


def test_a_sample_is_drawn_again_by_its_seed_alone(store: Store) -> None:
    here = account(store, 60)
    key = study(store, here)

    def drawn(seed: str) -> list[int]:
        options = Options(("all",), take="random", number=20, seed=seed)
        return list(plan.make(store, studies.get(store, key), options, NOW).ids(Outcome.INVITE))

    assert drawn("7f3a") == drawn("7f3a")
    assert len(drawn("7f3a")) == 20
    assert drawn("7f3a") != drawn("7f3b")


def test_a_plan_is_sent_once_and_to_nobody_who_opted_out_meanwhile(store: Store) -> None:
    from app.invites.errors import StudyProblem
    from app.invites.sending import outbox

    here = account(store, 5)
    key = study(store, here)
    kept = planned(store, key)
    box = hasher(store).stored("cus_00002@example.com")
    opt_outs.record(store, here, [box], "opted_out", BY)
    store.execute(
        "UPDATE participant SET email = 'moved@example.com' WHERE stripe_id = 'cus_00003'"
    )
    found = difference(store, kept)
    assert ([one.address for one in found.dropped], bool(found)) == ([False, True], True)
    run = outbox.queue(store, kept, "eml", BY)
    assert (run.number, run.left_out) == (3, 2)
    with pytest.raises(StudyProblem, match="already sent"):
        outbox.queue(store, kept, "eml", BY)
    again = queued(store, key)
    assert again.number == 1  # who has another address now


def test_rules_that_are_passed_by_need_a_reason(store: Store) -> None:
    from app.invites.errors import StudyProblem

    options = Options(("all",), overrides=("cap",))
    with pytest.raises(StudyProblem, match="give a reason"):
        options.check()
    replace(options, reason="they asked us to").check()
