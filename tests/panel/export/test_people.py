"""People as a file: every value comes back, and a file is whole or not there."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
from array import array
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.db.engines.store_factory import open_sqlite
from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.panel.export import people as taking
from app.panel.export.people import COLUMNS, people, take, takeable
from app.panel.export.writer import AlreadyThere, Form, OutputProblem, write, writing
from app.panel.lists.order import Ids, Order, whole
from app.panel.lists.selection import Selection
from app.text import storable
from tests.helpers.command import seconds, without_versions
from tests.helpers.rows import connection, item, make_segments, person, product, send, subscribed
from tests.test_text import anything

FORMS: tuple[Form, ...] = ("csv", "jsonl")
FORMULAS = tuple("=+-@\t\r\n＝＋－＠")


def read_csv(file: Path) -> list[dict[str, Any]]:
    """By the rule that app.panel.export.writer tells, and by nothing else."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        found = list(csv.DictReader(lines))
    assert all(not cell.startswith(FORMULAS) for line in found for cell in line.values())
    return [
        {column: _value(column, cell.removeprefix("'") if cell else None)
         for column, cell in line.items()}
        for line in found
    ]  # fmt: skip


def _value(column: str, text: str | None) -> Any:
    if column == "plan":
        return text or ""
    if column in ("created", "since") and text and ":" in text:
        return int(datetime.fromisoformat(f"{text}+00:00").timestamp())
    if text is None or column not in ("metadata", "since", "created", "deleted"):
        return text
    return text == "True" if column == "deleted" else json.loads(text)


def read(file: Path, form: Form) -> list[dict[str, Any]]:
    if form == "csv":
        return read_csv(file)
    lines = [json.loads(line) for line in file.read_text("utf-8").split("\n")[:-1]]
    return [in_seconds(without_versions(line)) for line in lines]


def in_seconds(line: dict[str, Any]) -> dict[str, Any]:
    """A line of JSON with its times as the database has them."""
    times = {name: int(seconds(line[name])) for name in ("created", "since") if line.get(name)}
    return {**line, **times}


def everybody(store: Store, here: int, segment: str | None = None) -> Ids:
    return whole(store, Selection(here, segment), Order(descending=False))


def panel(store: Store, *names: str | None, **fields: Any) -> int:
    """People with these names, of whom the first has a plan."""
    here = connection(store)
    send(store, here, Fetched(
        1,
        participants=[person(f"cus_{n}", name=name, **fields) for n, name in enumerate(names)],
        products=[product("prod_a", "=Pro")],
        subscriptions=[subscribed("sub_a", "cus_0")],
        items=[item("sub_a", "prod_a")],
    ))  # fmt: skip
    make_segments(store, here)
    return here


HOSTILE = "\"';=\x00\x1b]52;c;ZXZpbA==\x07\u202e\r\n\ud800👩‍👩‍👧"
value = st.one_of(st.none(), st.just(""), anything, anything.map(lambda text: f"={text}"))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=value, email=value, phone=value, metadata=st.dictionaries(anything, anything))
@example(name=HOSTILE, email="'", phone="", metadata={HOSTILE: HOSTILE, "": ""})
def test_every_value_comes_back(
    store: Store, tmp_path: Path, name: Any, email: Any, phone: Any, metadata: Any
) -> None:
    clean = {storable(key): storable(text) for key, text in metadata.items()}
    stored = [None if one is None else storable(one) for one in (name, email, phone)]
    here = connection(store)
    row = person("cus_a", metadata=json.dumps(clean, ensure_ascii=False))
    row = row._replace(name=stored[0], email=stored[1], phone=stored[2])
    send(store, here, Fetched(1, participants=[row]))
    make_segments(store, here)
    for form in FORMS:
        file = tmp_path / "people"
        ids = everybody(store, here)
        assert (
            take(takeable(store, here, ids, None), str(file), form, masking=False, replace=True)
            == 1
        )
        (line,) = read(file, form)
        assert list(line) == list(COLUMNS)
        assert line.pop("since") is not None
        assert line == {
            "stripe_id": "cus_a",
            "name": stored[0],
            "email": stored[1],
            "phone": stored[2],
            "currency": "usd",
            "metadata": clean,
            "customer_account": None,
            "plan": "",
            "status": "never subscribed",
            "created": 1_700_000_000,
            "deleted": False,
        }


@pytest.mark.parametrize("form", FORMS)
def test_the_order_is_the_lists_and_who_is_gone_is_left_out(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form
) -> None:
    monkeypatch.setattr(taking, "CHUNK", 2)
    here = panel(store, "c", "a", "e", "b", "d")
    send(store, here, Fetched(2, gone=[DeletedObject("participant", "cus_2")]))
    ids = whole(store, Selection(here), Order("name", True))
    (last,) = store.row("SELECT id FROM participant WHERE stripe_id = 'cus_2'")
    ids += array("q", [2**60, last])
    told: list[int] = []
    file = tmp_path / "people"
    how = {"masking": False, "told": told.append}
    assert take(takeable(store, here, ids, "active"), str(file), form, **how) == 5  # type: ignore[arg-type]
    found = read(file, form)
    assert [line["name"] for line in found] == ["d", "c", "b", "a", "e"]
    assert [line["since"] is not None for line in found] == [False, True, False, False, False]
    assert [line["deleted"] for line in found] == [False] * 4 + [True]
    assert [line["plan"] for line in found] == ["", "=Pro", "", "", ""]
    assert told == [2, 4]


def test_people_are_read_as_they_are_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million would not fit otherwise."""
    monkeypatch.setattr(taking, "CHUNK", 1)
    here = panel(store, "first", "before")
    lines = people(store, here, everybody(store, here), None, masking=False)
    assert next(lines)["name"] == "first"
    send(store, here, Fetched(2, participants=[person("cus_1", name="after")]))
    assert next(lines)["name"] == "after"


@pytest.mark.parametrize("form", FORMS)
def test_masked_ones_have_no_private_values(store: Store, tmp_path: Path, form: Form) -> None:
    metadata = json.dumps({"tier": "Secretgold"})
    private = {"email": "Secret@secret.org", "phone": "+Secret", "metadata": metadata}
    here = panel(store, "Secret Name", None, **private)
    file = tmp_path / "people"
    take(takeable(store, here, everybody(store, here), "all"), str(file), form, masking=True)
    assert "ecret" not in file.read_text()
    first, second = read(file, form)
    assert first["name"] == "S•••"
    assert first["email"] == "S•••@s•••"
    assert first["metadata"] == {"tier": "S•••"}
    assert second["name"] is None
    assert (first["stripe_id"], first["plan"], first["status"]) == ("cus_0", "=Pro", "active")


# Files


def put(file: Path, text: str = "new", **how: bool) -> None:
    with writing(str(file), **how) as out:
        out.write(text)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("umask", [0, 0o277])
def test_only_the_owner_can_read_it(tmp_path: Path, umask: int) -> None:
    file = tmp_path / "a"
    before = os.umask(umask)
    try:
        put(file, replace=False)
    finally:
        os.umask(before)
    assert mode(file) == 0o600
    file.chmod(0o644)
    put(file, "newer")
    assert (mode(file), file.read_text()) == (0o600, "newer")


def test_what_is_there_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    with pytest.raises(AlreadyThere, match="was not changed"):
        put(file, replace=False)
    assert file.read_text() == "old"
    with writing(str(file), replace=True) as out:
        out.write("new")
        out.flush()
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("links", [True, False])
def test_what_somebody_made_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    file = tmp_path / "a"
    lines = ({"a": file.write_text("theirs")} for _ in range(1))
    with pytest.raises(AlreadyThere), writing(str(file), replace=False) as out:
        write(out, ("a",), lines, "csv")
    assert file.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [file]
    put(tmp_path / "b", replace=False)
    assert (tmp_path / "b").read_text() == "new"


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with writing(str(file)) as one:
        one.write("one" * 9_999)
        put(file, "two")
        assert file.read_text() == "two"
    assert file.read_text() == "one" * 9_999


def test_a_link_goes_on_leading_there(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "link"
    file.write_text("old")
    link.symlink_to(file)
    put(link)
    assert link.is_symlink()
    assert file.read_text() == "new"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no/a", "could not be written"),
        ("x" * 300, "could not be written"),
        ("", "is not a file"),
        ("/dev/null", "is not a file"),
        ("a\0b", "A file name cannot"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, name: str, said: str) -> None:
    for replace in (False, True):
        with pytest.raises(OutputProblem, match=said):
            put(tmp_path / name, replace=replace)
    assert not list(tmp_path.iterdir())
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


class _Ended(BaseException):
    """Such as a KeyboardInterrupt, which is none of the usual."""


@pytest.mark.parametrize("form", FORMS)
def test_what_is_stopped_leaves_no_file(store: Store, tmp_path: Path, form: Form) -> None:
    here = panel(store, "a")

    def end(number: int) -> None:
        raise _Ended

    ids, folder = everybody(store, here) * taking.CHUNK, tmp_path / "out"
    folder.mkdir()
    with pytest.raises(_Ended):
        take(takeable(store, here, ids, None), str(folder / "a"), form, masking=False, told=end)
    assert not list(folder.iterdir())


TAKE = """
import os, resource, signal, sys
from pathlib import Path
from app.db.engines.store_factory import open_sqlite
from app.panel.export.people import take, takeable
from app.panel.lists.order import whole
from app.panel.lists.selection import Selection

database, file, end = sys.argv[1:]
store = open_sqlite(Path(database))
(here,) = store.row("SELECT id FROM connection")
ids = whole(store, Selection(here)) * 2_000
if end == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

def told(number):
    if end == "kill" and number >= 1_500:
        os.kill(os.getpid(), signal.SIGKILL)

try:
    take(takeable(store, here, ids, None), file, "csv", masking=False, replace=True, told=told)
except Exception as problem:
    print(type(problem).__name__, problem)
"""


@pytest.mark.parametrize("end", ["kill", "full"])
@pytest.mark.parametrize("old", ["old", None])
def test_a_kill_or_a_full_disk_leaves_what_was_there(
    tmp_path: Path, end: str, old: str | None
) -> None:
    with_people = open_sqlite(tmp_path / "panelist.db")
    panel(with_people, "a")
    with_people.close()
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / "a.csv"
    if old:
        file.write_text(old)
    ended = subprocess.run(
        [sys.executable, "-c", TAKE, str(tmp_path / "panelist.db"), str(file), end],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (file.read_text() if file.exists() else None) == old
    left = [one for one in (tmp_path / "out").iterdir() if one != file]
    if end == "kill":
        assert ended.returncode == -signal.SIGKILL
        assert [mode(one) for one in left] == [0o600]
    else:
        assert ended.stdout.startswith("OutputProblem")
        assert "File too large). Nothing there was changed" in ended.stdout
        assert not left


def test_no_spreadsheet_changes_a_text_into_another_number(tmp_path: Path) -> None:
    texts = ("00123", "12e5", "4242424242424242", "0", "12", "-5", "12x", "'00123")
    kept = {"00123", "12e5", "4242424242424242"}
    for exact in (False, True):
        file = tmp_path / f"{exact}.csv"
        with writing(str(file)) as out:
            write(
                out, ("metadata.a",), [{"metadata.a": text} for text in texts], "csv", exact=exact
            )
        cells = [row[0] for row in list(csv.reader(file.open(encoding="utf-8-sig")))[1:]]
        assert [cell.removeprefix("'") for cell in cells] == list(texts)
        assert {text for text in kept if f"'{text}" in cells} == (set() if exact else kept)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_obeys_no_heading() -> None:
    out = _Terminal()
    write(out, ("metadata.\x1b[31m",), [{"metadata.\x1b[31m": "\x1b]0;owned\x07"}], "csv")
    assert "\x1b" not in out.getvalue()
