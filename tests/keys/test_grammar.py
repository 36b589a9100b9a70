"""The grammar of keys: one verb, one key, on every screen."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest
from textual.binding import Binding

from app.keys.actions import KeyContext
from app.keys.dialogs import DIALOGS, FIELDS, LISTS, QUESTION, TABLE, TRUST
from app.keys.keymap import Keymap
from app.keys.keymap_file import ACTIONS, EVERYWHERE, clashes
from app.keys.screens import APP, SCREENS
from app.keys.verbs import QUESTION as ANSWERS
from app.keys.verbs import VERBS
from app.text import plain
from app.widgets.bindings import bindings

ROOT = Path(__file__).parents[2]
OF_LISTS = {key for one in TABLE.actions for key in one.key.split(",")} - {"enter"}


def ids(place: KeyContext) -> str:
    return place.id


def test_no_key_has_two_actions_in_one_place() -> None:
    assert list(clashes(Keymap())) == []


@pytest.mark.parametrize("place", [*SCREENS, *DIALOGS, *LISTS, *FIELDS, APP], ids=ids)
def test_a_verb_has_its_key_everywhere(place: KeyContext) -> None:
    for action in place.actions:
        assert action.key == VERBS[action.verb].key
        assert action.about
        assert not action.about.endswith(".")
        assert action.name
        assert plain(action.about) == action.about


ASKING = (QUESTION, TRUST)


@pytest.mark.parametrize(
    "place", [*SCREENS, *(one for one in DIALOGS if one not in ASKING)], ids=ids
)
def test_no_place_uses_a_key_of_the_table_for_another_verb(place: KeyContext) -> None:
    for action in place.actions:
        same = {name for name, one in VERBS.items() if one.key == action.key}
        assert action.verb not in ANSWERS
        assert action.verb in same


@pytest.mark.parametrize("place", SCREENS, ids=ids)
def test_a_screen_leaves_the_keys_of_lists_alone(place: KeyContext) -> None:
    used = {key for action in place.actions for key in action.key.split(",")}
    assert used & OF_LISTS == set()
    assert used.isdisjoint("hjkl")


def test_what_cannot_be_undone_is_on_a_capital() -> None:
    final = [one.key for one in VERBS.values() if one.final]
    assert final
    assert all(key.isupper() for key in final)


def test_two_verbs_share_a_key_only_where_they_are_never_together() -> None:
    by_key = sorted((key, name) for name, one in VERBS.items() for key in one.key.split(","))
    shared = [(one, two) for (a, one), (b, two) in pairwise(by_key) if a == b]
    apart = {
        ("copy", "yes"),
        ("new", "no"),
        ("down", "to_list"),
        ("earlier", "up"),
        ("mark", "moved"),
        ("account", "copied"),
        ("scope", "sign_in"),
    }
    assert {tuple(sorted(pair)) for pair in shared} == {tuple(sorted(pair)) for pair in apart}


def test_every_verb_is_used() -> None:
    assert {one.verb for one in ACTIONS.values()} == set(VERBS)


def test_each_id_names_one_action() -> None:
    every = [action.id for place in EVERYWHERE for action in place.actions]
    assert len(every) == len(set(every))


def test_every_binding_of_the_app_comes_from_the_table() -> None:
    """No screen and no widget makes one of its own."""
    for file in [*(ROOT / "app").rglob("*.py")]:
        if "sandbox" in file.parts or file.name == "bindings.py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "BINDINGS":
                assert node.value is not None
                assert ast.unparse(node.value).startswith("bindings("), file
    for place in EVERYWHERE:
        for binding in bindings(place):
            assert isinstance(binding, Binding)
            assert binding.tooltip
