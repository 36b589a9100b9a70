"""A person's own keys: what is read, and one sentence about each line that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.keys import _character_to_key

from app.db.store import Store
from app.keys.keymap import Keymap
from app.keys.keymap_file import clashes, key_name, read_keymap
from app.screens.help_dialog import HelpDialog
from app.settings import Settings, load, sources
from app.tui import PanelistApp
from tests.helpers import filled_store
from tests.helpers.quick_textual import quick_textual as quick_textual
from tests.screens.conftest import Driven
from tests.screens.conftest import store as store


def test_a_line_sets_an_action_or_a_verb_everywhere() -> None:
    found = read_keymap({"export": "ctrl+e", "segments": {"why": "!,W"}, "log.export": "Q"})
    assert found.problems == ()
    assert found.keys["segments.export"] == "ctrl+e"
    assert found.keys["plan.export"] == "ctrl+e"
    assert found.keys["log.export"] == "Q"  # the line of an action wins
    assert found.keys["segments.why"] == "exclamation_mark,W"


def test_two_actions_may_change_places() -> None:
    found = read_keymap({"segments.new": "e", "segments.edit": "n"})
    assert found == Keymap({"segments.new": "e", "segments.edit": "n"})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"segments.nothing": "a"}, "'segments.nothing' in [keys] is not an action"),
        ({"segments.new": "hyper"}, "'hyper' for segments.new in [keys] is not a key"),
        ({"segments.new": "ctl+n"}, "'ctl+n' for segments.new"),
        ({"segments.new": ""}, "'' for segments.new"),
        ({"segments.new": 5}, "'5' for segments.new"),
        ({"segments.new": "x"}, "'x' for segments.new in [keys] is the key of segments.export"),
        ({"segments.new": "q"}, "is the key of app.quit"),
        ({"segments.new": "j"}, "is the key of table.down"),
        ({"mask": "x"}, "'x' for app.mask in [keys] is the key of segments.export"),
        ({"table.down": "n"}, "is the key of"),
    ],
)
def test_a_wrong_line_is_one_sentence_and_changes_nothing(
    table: dict[str, object], said: str
) -> None:
    found = read_keymap(table)
    assert found.keys == {}
    (problem,) = found.problems
    assert said in problem
    assert problem.endswith(".")


def test_lines_that_work_stay_beside_one_that_does_not() -> None:
    found = read_keymap({"segments.new": "q", "segments.why": "ctrl+w"})
    assert found.keys == {"segments.why": "ctrl+w"}
    assert list(clashes(found)) == []


@pytest.mark.parametrize("sign", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~aZ7ß")
def test_a_sign_is_named_as_textual_names_it(sign: str) -> None:
    assert key_name(sign) == _character_to_key(sign)
    if sign != ",":
        assert read_keymap({"table.sort_after": sign}).problems == () or sign in "Z#?/<7-[]{}()a"


def test_the_table_is_read_from_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        'mail_rate = "20/500"\n[keys]\nsegments.export = "ctrl+e"\nnothing = "a"\n'
    )
    home = {"PANELIST_HOME": str(tmp_path)}
    found = load(home)
    assert found.mail_rate == "20/500"
    assert found.keys.keys == {"segments.export": "ctrl+e"}
    assert len(found.keys.problems) == 1
    assert "mail_rate" in sources(home)


async def test_the_app_uses_them_and_says_what_is_wrong(store: Store, tmp_path: Path) -> None:
    filled_store.acme(store)
    keys = read_keymap({"help": "f2", "app.go_status": "8", "nothing": "a"})
    settings = Settings(tmp_path, token_store="session", keys=keys)
    app = PanelistApp(store, settings, None, filled_store.StandIn().load)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        at = Driven(app, pilot, filled_store.StandIn())
        await at.until(lambda: "'nothing' in [keys] is not an action" in at.toasts)
        await at.press("1")
        assert " 8 Status " in at.text.splitlines()[0]
        assert "f2 All keys" in at.text.splitlines()[-1]
        await at.press("8")
        await at.until(lambda: app.current_mode == "status")
        await at.press("question_mark")
        assert not isinstance(app.screen, HelpDialog)
        await at.press("f2")
        assert isinstance(app.screen, HelpDialog)
