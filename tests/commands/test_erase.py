"""``panelist erase`` takes a person or a list, and shows a list before it does anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.store import Store
from app.settings import Settings
from tests.helpers.command import Home, without_versions
from tests.helpers.study_world import account


@pytest.fixture
def home(settings: Settings) -> Home:
    store = open_store(settings)
    account(store, 4)
    store.close()
    variables = {"PANELIST_TOKEN_STORE": "plain"}
    if settings.database_url:
        variables["PANELIST_DATABASE_URL"] = settings.database_url
    return Home(settings.home, variables)


def due(settings: Settings) -> list[str]:
    store: Store = open_store(settings)
    rows = store.rows("SELECT stripe_id FROM erasure ORDER BY stripe_id")
    store.close()
    return [stripe_id for (stripe_id,) in rows]


def test_one_person_by_id_or_address(home: Home, settings: Settings) -> None:
    assert home.run("erase", "CUS_00000@example.com").code == 0
    assert home.run("erase", "cus_00001").code == 0
    assert due(settings) == ["cus_00000", "cus_00001"]
    assert home.run("erase", "cus_00000@example.com", "--undo").code == 0
    assert due(settings) == ["cus_00001"]
    twice = home.run("erase", "cus_00001")
    assert (twice.code, "already" in twice.err) == (1, True)
    for stranger in ("nobody@example.com", "cus_9"):
        unknown = home.run("erase", stranger)
        assert (unknown.code, "was not found" in unknown.err) == (2, True)


def test_a_list_is_shown_before_anyone_is_erased(
    home: Home, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    people = "A,cus_00000@example.com\nB,nobody@example.com\nC,cus_00002@example.com\n"
    file.write_text(f"Name,Email\n{people}")
    shown = home.run("erase", str(file))
    assert (shown.code, due(settings)) == (1, [])
    assert "2 participants would be erased in four hours. 1 unknown." in shown.err
    assert "unknown: nobody@example.com" in shown.out
    done = home.run("erase", str(file), "--yes", "--json")
    assert done.code == 1  # one is unknown
    assert without_versions(json.loads(done.out)) == {
        "erased": 2,
        "stayed": 0,
        "unknown": ["nobody@example.com"],
    }
    assert due(settings) == ["cus_00000", "cus_00002"]
    kept = home.run("erase", str(file), "--undo", "--yes", "--json")
    assert json.loads(kept.out)["kept"] == 2
    assert due(settings) == []
