"""The demo's past: what a Panelist that was connected for 18 months would have stored."""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.commands.demo.past import Past, PastEvent, play
from app.commands.demo.past_studies import STUDIES
from app.db.history import DELETED
from app.db.segment_rules import BUILTIN, LIVE
from app.invites import ledger_proof, studies
from app.invites.plan import plan
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.panel.audit.consistency import contradictions
from app.panel.segments import timeline
from app.panel.segments.views import segments
from app.sandbox.server.server import Sandbox
from app.sandbox.world.company import PAST_DAYS
from tests.helpers.command import at
from tests.helpers.demo_past import CUSTOMERS, SEED, WrittenPast, written

DAY = 86_400


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WrittenPast]:
    found = written(tmp_path_factory.mktemp("demo") / "home")
    yield found
    found.store.close()


def test_the_panel_is_that_of_the_rules_and_the_ledger_is_whole(lived: WrittenPast) -> None:
    found = contradictions(lived.store, lived.here, by_subscription=True)
    assert [one for part in found for one in part] == []
    proof = ledger_proof.prove(lived.store, lived.here)
    assert proof.broken_at is None
    assert proof.holds, proof
    assert proof.handed_over > 100


def test_it_equals_what_the_sandbox_serves(tmp_path: Path) -> None:
    found = written(tmp_path / "home", customers=60)
    found.store.close()
    with Sandbox(world=found.past.company) as sandbox:
        home = at(sandbox, tmp_path / "home")
        ended = home.run("verify", "--stripe", "--all")
        assert (ended.code, ended.err) == (0, "")
        assert "equal" in ended.out
        proved = home.run("verify")
        assert (proved.code, proved.err) == (0, "")


class Then:
    """Who was in which segment at one time, from the events alone."""

    def __init__(self, events: list[PastEvent], second: int) -> None:
        self._held: dict[str, dict[str, Any]] = defaultdict(dict)
        self._living: set[str] = set()
        for row, customer, content in events:
            if row.created > second:
                break
            if row.object_id != customer:
                self._held[customer][row.object_id] = json.loads(content)
            elif row.type == DELETED:
                self._living.discard(customer)
            else:
                self._living.add(customer)

    def members(self, key: str) -> set[str]:
        return {one for one in self._living if self._fits(key, [*self._held[one].values()])}

    def _fits(self, key: str, held: list[Any]) -> bool:
        if key.startswith("product:"):
            wanted = key.removeprefix("product:")
            return any(
                one["status"] in LIVE
                and any(item["price"]["product"] == wanted for item in one["items"]["data"])
                for one in held
            )
        rule = BUILTIN[key]
        facts = [(one["status"], one["pause_collection"] is not None) for one in held]
        if rule.none is not None and any(rule.none.fits(*one) for one in facts):
            return False
        return rule.some is None or any(rule.some.fits(*one) for one in facts)


@pytest.mark.parametrize("ago", [547, 401, 270, 188, 90, 20, 1, 0])
def test_each_segment_was_on_each_day_what_the_events_say(lived: WrittenPast, ago: int) -> None:
    store, past = lived.store, lived.past
    second = past.until - ago * DAY
    then = Then(past.events, second)
    names: dict[int, str] = dict(store.rows("SELECT id, stripe_id FROM participant"))
    for one in segments(store, lived.here):
        found = timeline.members_on(store, lived.here, one.key, second)
        assert {names[key] for key in found} == then.members(one.key), (one.name, ago)


def test_people_came_left_and_changed_for_every_reason(lived: WrittenPast) -> None:
    store = lived.store
    rows = store.rows(
        "SELECT segment_key, c.type, count(*) FROM past_member b JOIN cause c ON c.id = b.left_by"
        " GROUP BY 1, 2"
    )
    left = {(key, kind) for key, kind, _ in rows}
    assert ("active", "customer.subscription.deleted") in left  # they cancelled
    assert ("trialing", "customer.subscription.updated") in left  # a trial was paid
    assert ("active", "customer.subscription.updated") in left  # a payment failed
    assert ("past_due", "customer.subscription.updated") in left  # and was paid after all
    assert ("none", "customer.subscription.created") in left
    begun = timeline.begun(store, lived.here)
    assert begun is not None
    assert abs(lived.past.until - begun - PAST_DAYS * DAY) < DAY
    first, last = (
        len(timeline.members_on(store, lived.here, "all", at))
        for at in (begun + DAY, lived.past.until)
    )
    assert last > 1.5 * first


def test_each_finished_study_adds_up(lived: WrittenPast) -> None:
    store, here, until = lived.store, lived.here, lived.past.until
    found = studies.studies(store, here)
    assert [one.state for one in found] == ["draft", "closed", "closed", "closed"]
    assert [one.title for one in found[:0:-1]] == [one.title for one in STUDIES]
    every: Counter[str] = Counter()
    for study in found[1:]:
        funnel = studies.funnel(store, study.id)
        every.update(funnel)
        (planned, number, queued) = store.row(
            "SELECT (SELECT count(*) FROM planned w JOIN plan l ON l.id = w.plan_id"
            "  WHERE l.study_id = ? AND w.outcome = ?),"
            " (SELECT number FROM run WHERE study_id = ?),"
            " (SELECT count(*) FROM invite WHERE study_id = ?)",
            (study.id, Outcome.INVITE, study.id, study.id),
        )
        assert planned == number == queued == sum(funnel.values())
        assert not {"queued", "sending", "uncertain", "sent", "started"} & funnel.keys()
        late = store.rows(
            "SELECT 1 FROM invite WHERE study_id = ? AND NOT (queued_at <= coalesce(sent_at,"
            " queued_at) AND coalesce(sent_at, queued_at) <= ended_at AND ended_at <= ?)",
            (study.id, until),
        )
        assert late == []
    assert every.keys() >= {"completed", "declined", "bounced", "expired"}
    reasons = store.rows("SELECT DISTINCT kind FROM opt_out WHERE reason IS NOT NULL")
    assert {kind for (kind,) in reasons} == {"opted_out", "bounced"}


def test_cool_downs_and_opt_outs_are_in_force(lived: WrittenPast) -> None:
    draft = studies.studies(lived.store, lived.here)[0]
    made = plan.make(lived.store, draft, Options(("active", "canceled")))
    counts = made.counts()
    assert counts[Outcome.INVITE] > 20
    assert counts[Outcome.COOL_DOWN] > 10
    assert counts[Outcome.OPTED_OUT] > 0


def test_everything_is_in_the_past(lived: WrittenPast) -> None:
    store, until = lived.store, lived.past.until
    for table, columns in {
        "cause": ["at"],
        "ledger": ["at"],
        "participant": ["created"],
        "subscription": ["created", "canceled_at", "ended_at"],
        "study": ["created_at", "changed_at"],
        "run": ["at"],
        "connection": ["connected_at", "last_polled_at", "events_through"],
        "seen_event": ["created"],
    }.items():
        for column in columns:
            (latest,) = store.row(f"SELECT max({column}) FROM {table}")
            assert latest <= until, (table, column)
    times = [at for (at,) in store.rows("SELECT at FROM ledger ORDER BY number")]
    assert times == sorted(times)
    assert store.clock is time.time


def test_the_same_seed_makes_the_same_past(lived: WrittenPast) -> None:
    again = play(CUSTOMERS, SEED, lived.past.until)
    assert again.events == lived.past.events
    other = play(CUSTOMERS, SEED + 1, lived.past.until)
    assert other.events != again.events


def test_no_customer_tries_to_break_a_client() -> None:
    past: Past = play(900, SEED, int(time.time()))
    for one in past.company.customers():
        for text in (one["name"] or "", one["email"] or "", *one["metadata"].values()):
            assert text.isprintable(), text
            assert not set(text) & set("[]{}<>;=\\$%"), text
        for address in (one["email"] or "").split(", "):
            host = address.rpartition("@")[2].lower()
            assert host in ("", "example", "example.com", "example.org") or host.endswith(
                (".example", ".example.com")
            ), address


def test_what_happens_live_is_what_happened_before() -> None:
    company = play(80, SEED, int(time.time())).company
    names = {one["name"] for one in company.products()}
    rng = random.Random(3)
    for _ in range(300):
        company.live_change(rng)
    assert {one["name"] for one in company.products()} == names
    kinds = {one["type"] for one in company.events()}
    assert kinds >= {f"customer.subscription.{one}" for one in ("created", "updated", "deleted")}
