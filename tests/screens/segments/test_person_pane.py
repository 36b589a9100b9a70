"""What the pane of a person shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.db.rows import PARTICIPANT_FIELDS, Fetched
from app.db.store import Store
from app.panel.person import person
from app.screens.segments.person_pane import person_rows
from tests.helpers import rows

# Each is at least as long as a text that masking leaves readable.
CANARY = "canary-mackintosh"


@pytest.fixture
def texts(store: Store) -> dict[str, str]:
    """A canary of its own for every stored text of the only person."""
    made = {
        one.name: f"{CANARY}-{one.name}"
        for one in PARTICIPANT_FIELDS
        if one.kind in ("id", "text") and one.name != "stripe_id"
    }
    metadata = {"metadata": f'{{"signup_source": "{CANARY}-metadata"}}'}
    here = rows.connection(store)
    rows.send(store, here, Fetched(1, participants=[rows.person("cus_a", **made, **metadata)]))
    return made | {"metadata": f"{CANARY}-metadata"}


def shown(store: Store, *, masking: bool) -> Iterator[str]:
    (key,) = store.row("SELECT id FROM participant")
    found = person(store, key)
    assert found is not None
    for row in person_rows(found, 1_800_000_000, masking):
        yield f"{row.head.plain}{row.body.plain}"


def test_every_stored_field_is_shown(store: Store, texts: dict[str, str]) -> None:
    text = "\n".join(shown(store, masking=False)).lower()
    assert [one for one in texts.values() if one not in text] == []
    assert f"signup_source {CANARY}" in text  # a long label keeps its distance


def test_masking_hides_every_masked_field(store: Store, texts: dict[str, str]) -> None:
    text = "\n".join(shown(store, masking=True)).lower()
    open_ones = {one.name for one in PARTICIPANT_FIELDS if not one.masked}
    assert {name for name, one in texts.items() if one in text} == open_ones & set(texts)
