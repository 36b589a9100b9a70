"""The panel against an export of customers from Stripe's Dashboard."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.panel.audit.dashboard_export import DashboardExport, ExportProblem
from tests.helpers.rows import connection, person, send

HEADER = (
    *("id", "Description", "Email", "Name", "Created (UTC)", "Delinquent", "Plan", "Status"),
    *("Total Spend", "Payment Count", "Refunded Volume", "Dispute Losses", "tier (metadata)"),
)
MADE = 1_700_000_030


def export(file: Path, *people: tuple[str, str, str, str], made: int = MADE) -> str:
    """Rows of (id, email, name, tier), as Stripe writes them."""
    at = datetime.fromtimestamp(made, UTC).strftime("%Y-%m-%d %H:%M")
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for key, email, name, tier in people:
            writer.writerow([key, "", email, name, at, "false", "", "", 0, 0, 0, 0, tier])
    return str(file)


@pytest.fixture
def here(store: Store) -> int:
    made = connection(store)
    people = [
        person("cus_a", name="Ada, “the\r\nfirst”", metadata=json.dumps({"tier": "pro"})),
        person("cus_b", name=None),
        person("cus_gone"),
    ]
    send(store, made, Fetched(1, participants=[one._replace(created=MADE) for one in people]))
    send(store, made, Fetched(2, gone=[DeletedObject("participant", "cus_gone")]))
    return made


def found(store: Store, here: int, file: str) -> dict[tuple[str, str, str | None], str | None]:
    compared = DashboardExport(store, here, file)
    differences = {(one.id, one.kind, one.field): one.there for one in compared.differences()}
    assert compared.found.differences == len(differences)
    return differences


ADA = ("cus_a", "cus_a@example.com", "Ada, “the\nfirst”", "pro")
BEN = ("cus_b", "cus_b@example.com", "", "")


def test_equal(store: Store, here: int, tmp_path: Path) -> None:
    assert found(store, here, export(tmp_path / "export.csv", ADA, BEN)) == {}


def test_every_difference(store: Store, here: int, tmp_path: Path) -> None:
    file = export(
        tmp_path / "export.csv",
        ("cus_a", "other@example.com", "Ada", "free"),
        ("cus_new", "new@example.com", "New", ""),
        ("cus_gone", "gone@example.com", "", ""),
    )
    assert found(store, here, file) == {
        ("cus_a", "field", "Email"): "other@example.com",
        ("cus_a", "field", "Name"): "Ada",
        ("cus_a", "field", "tier (metadata)"): "free",
        ("cus_new", "missing_here", None): None,
        ("cus_gone", "deleted_here", None): None,
        ("cus_b", "not_in_export", None): None,
    }


def test_another_day_of_creation(store: Store, here: int, tmp_path: Path) -> None:
    file = export(tmp_path / "export.csv", ADA, BEN, made=MADE + 86_400)
    assert {key[2] for key in found(store, here, file)} == {"Created (UTC)"}


def test_who_came_after_the_export_is_no_difference(
    store: Store, here: int, tmp_path: Path
) -> None:
    late = person("cus_late", created=MADE + 3_600)
    send(store, here, Fetched(3, participants=[late]))
    compared = DashboardExport(store, here, export(tmp_path / "export.csv", ADA, BEN))
    assert list(compared.differences()) == []
    assert (compared.found.rows, compared.found.newer) == (2, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "no column"), (b"Email,Name\na,b\n", "no column"), (b"id\n\xff\xfe\n", "UTF-8")],
)
def test_another_file(store: Store, here: int, tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "other.csv"
    file.write_bytes(content)
    with pytest.raises(ExportProblem, match=said):
        list(DashboardExport(store, here, str(file)).differences())
    with pytest.raises(ExportProblem, match="could not be read"):
        list(DashboardExport(store, here, str(tmp_path / "none.csv")).differences())
