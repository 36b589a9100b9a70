"""Who is found by a text, with and without an index, whatever state it is in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.indexes import index_builder, search_index
from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.panel.filters.compile import compiled
from app.panel.lists import search as module
from app.panel.lists.order import COLUMNS, Order, whole
from app.panel.lists.search import search
from app.panel.lists.selection import Selection
from tests.helpers.panel_history import NAMES, Panel
from tests.helpers.rows import connection, members, person, send

TEXTS = (
    *("ada", "ADA", "da", "a", "Zoë", "ZOË", "zoë", "zoe", "ärzte", "ÄRZTE", "ä", "Ä", "ÄR"),
    *("cmd()", "\x1b]52", "52;c", "O'Brien", "%", "_", "%_", "\\", '"', '" \\ b', "李", "李明"),
    *("100%", "example.com", "EXAMPLE.ORG", "cus_", "gold", "silber ß", "SILBER", "50%", "x\\y"),
    *("plan", 'a"b', "a\u202eb", "\n", "  ada  ", "nobody at all", "zz", "@", "e", "1", "y", "Y"),
    *("ada\n", "AND", "OR NOT", "NEAR(", '"', "*", "^a", "col:ada", "\0", "\udc80", "ss", "ẞ"),
)


def work(store: Store) -> None:
    """Everything that the background does, at once."""
    store.execute("UPDATE connection SET status = 'complete'")
    index_builder.work(store, lambda _: False)


def found(store: Store, here: int, text: str, segment: str | None = None) -> set[str]:
    asked = search(store, text)
    chosen = Selection(here, segment, (asked.condition,) if asked.condition else ())
    ids = whole(store, chosen)
    names: dict[int, str] = dict(store.rows("SELECT id, stripe_id FROM participant"))
    assert len(set(ids)) == len(ids)
    return {names[one] for one in ids}


def small(text: str) -> str:
    """Without case, and with accents as one character or two; İ is an i."""
    return normalize("NFC", normalize("NFD", text).casefold().replace("i\u0307", "i"))


def looking(store: Store, here: int) -> Callable[[str, str], set[str]]:
    """Who has a text, and is in a segment: by looking at every value that is stored now."""
    who = members(store, here)
    values = {
        key: [small(value) for value in (key, name or "", email or "", *json.loads(data).values())]
        for key, name, email, data in store.rows(
            "SELECT stripe_id, name, email, metadata FROM participant WHERE connection_id = ?",
            (here,),
        )
    }

    def have(text: str, segment: str) -> set[str]:
        text = small(text.replace("\0", "\ufffd").replace("\udc80", "\ufffd").strip())
        return {key for key in who[segment] if any(text in value for value in values[key])}

    return have


@pytest.fixture(params=["none", "begun", "complete", "changed"])
def state(request: pytest.FixtureRequest) -> str:
    """How far the index is."""
    return str(request.param)


def prepared(store: Store, seed: int, state: str) -> Panel:
    panel = Panel(store, seed, people=60)
    other = Panel(store, seed + 100, people=30)
    if state == "begun" and not store.postgres:
        builder = search_index.SearchIndexBuilder(store)
        for _ in range(2):
            builder.step()
        assert search_index.missing(store) > 0
    elif state in ("complete", "changed"):
        work(store)
        assert search_index.ready(store)
    if state == "changed":
        for _ in range(30):
            panel.happen()
            other.happen()
    return panel


def test_every_text_finds_the_same(store: Store, state: str) -> None:
    panel = prepared(store, 1, state)
    have = looking(store, panel.here)
    for text in TEXTS:
        for segment in ("all", "active"):
            assert found(store, panel.here, text, segment) == have(text, segment), (text, segment)
    assert search(store, "ada").indexed == (
        state not in ("none", "begun") or search_index.ready(store)
    )


def test_every_text_finds_the_same_where_it_is_in_many(
    store: Store, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MANY", 2)
    monkeypatch.setattr(module, "TERMS", 2)
    monkeypatch.setattr(module, "GRAMS", 1)
    panel = prepared(store, 2, state)
    have = looking(store, panel.here)
    for text in TEXTS:
        assert found(store, panel.here, text) == have(text, "all"), text


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9),
    st.data(),
)
def test_any_part_of_any_value_finds_it(store: Store, value: str, data: st.DataObject) -> None:
    here = connection(store)
    field = data.draw(st.sampled_from(["name", "email", "metadata"]))
    stored: Any = json.dumps({"key": value}, ensure_ascii=False) if field == "metadata" else value
    send(store, here, Fetched(1, participants=[person("cus_a", **{field: stored})]))
    if data.draw(st.booleans()):
        work(store)
    start = data.draw(st.integers(0, len(value) - 1))
    part = value[start : data.draw(st.integers(start + 1, len(value)))]
    if part.strip() and small(part.strip()) in small(value):  # else it begins with an accent
        assert found(store, here, part) == {"cus_a"}
        assert found(store, here, part.upper()) >= (
            {"cus_a"} if small(part.upper()) == small(part) else set()
        )


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        *(("Zoe\u0308", "zo\u00eb"), ("Zo\u00eb", "ZOE\u0308"), ("ÖSTERREICH", "österreich")),
        *(("İstanbul", "istanbul"), ("istanbul", "İSTANBUL"), ("Straße", "STRASSE")),
        *(("ΣΊΣΥΦΟΣ", "Σίσυφος"), ("ЮЛИЯ", "юлия"), ("ÇA VA", "ça va"), ("Øre", "øre")),
    ],
)
@pytest.mark.parametrize("field", ["name", "email", "metadata"])
def test_case_and_encoding_do_not_matter(store: Store, stored: str, asked: str, field: str) -> None:
    here = connection(store)
    value: Any = json.dumps({"key": stored}) if field == "metadata" else stored
    send(store, here, Fetched(1, participants=[person("cus_a", **{field: value})]))
    send(store, here, Fetched(2, participants=[person("cus_b", name="Zoe Ostern")]))
    condition = compiled(
        f'{"metadata.key" if field == "metadata" else field}~"{asked}"', store, here, 0
    )
    for _ in range(2):
        assert found(store, here, asked) == {"cus_a"}
        where = Selection(here, None, (condition,))
        assert len(whole(store, where)) == 1
        work(store)


def test_a_key_of_metadata_is_no_value(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a", metadata='{"secretkey":"v"}')]))
    for _ in range(2):
        assert found(store, here, "secretkey") == set()
        assert found(store, here, "v") == {"cus_a"}
        work(store)


def test_a_change_is_found_at_once_and_the_old_no_more(store: Store) -> None:
    here = connection(store)
    send(store, here, Fetched(1, participants=[person("cus_a", name="Before"), person("cus_b")]))
    work(store)
    send(store, here, Fetched(2, participants=[person("cus_a", name="After", email="new@x.org")]))
    send(store, here, Fetched(3, participants=[person("cus_c", name="After")]))
    send(store, here, Fetched(4, gone=[DeletedObject("participant", "cus_b")]))
    for _ in range(2):
        assert found(store, here, "before") == set()
        assert found(store, here, "after") == {"cus_a", "cus_c"}
        assert found(store, here, "cus_b") == set()
        assert found(store, here, "NEW@X") == {"cus_a"}
        work(store)


def test_letters_beyond_ascii_are_found_as_names_are_written(store: Store) -> None:
    here = connection(store)
    rows = [person("cus_a", name="Éléonore Ödman"), person("cus_b", name="ÉLÉONORE ÖDMAN")]
    send(store, here, Fetched(1, participants=[*rows, person("cus_c", name="éléonore ödman")]))
    for _ in range(2):
        for text in ("éléonore ödman", "ÉLÉONORE ödman", "Éléonore Ödman"):
            assert found(store, here, text) == {"cus_a", "cus_b", "cus_c"}
        assert found(store, here, "eleonore") == set()
        work(store)


def test_a_search_goes_with_every_order(store: Store) -> None:
    panel = prepared(store, 3, "complete")
    asked = search(store, "example").condition
    assert asked is not None
    who = looking(store, panel.here)("example", "all")
    for column in COLUMNS:
        ids = whole(store, Selection(panel.here, None, (asked,)), Order(column))
        assert len(ids) == len(who)


def test_nothing_asked_and_too_much(store: Store) -> None:
    panel = prepared(store, 4, "complete")
    assert search(store, " \n").condition is None
    assert found(store, panel.here, "a" * 100_000) == set()
    assert found(store, panel.here, "a" * 500) == set()


def test_without_an_index_it_is_said(store: Store) -> None:
    Panel(store, 5)
    asked = search(store, "ada")
    assert (asked.indexed, asked.note) == (
        False,
        "The search index is not ready yet, so searches take longer.",
    )
    work(store)
    asked = search(store, "ada")
    assert (asked.indexed, asked.note) == (True, None)


def test_the_names_that_the_tests_search_for_are_there(store: Store) -> None:
    assert len(looking(store, Panel(store, 1, people=60).here)("ada", "all")) > 0
    assert "Ada" in NAMES
