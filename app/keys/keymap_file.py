"""A person's own keys: the table ``[keys]`` of settings.toml, checked against the grammar.

A line sets one action (``segments.export = "t"``) or one verb on every screen (``export = "t"``).
What cannot be used is left out, and said in one sentence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from app.keys.actions import Action, KeyContext, actions
from app.keys.dialogs import DIALOGS, FIELDS, LISTS, TABLE
from app.keys.keymap import Keymap
from app.keys.screens import APP, SCREENS
from app.keys.verbs import VERBS

EVERYWHERE = (APP, *SCREENS, *DIALOGS, *LISTS, *FIELDS)
ACTIONS: Mapping[str, Action] = {one.id: one for one in actions(EVERYWHERE)}
MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
NAMED = (
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete",
    "backspace", "enter", "escape", "space", "tab", *(f"f{number}" for number in range(1, 25)),
)  # fmt: skip
SHARED = ("escape", "enter", "tab")  # the thing on top has them, so they clash with nothing


def read_keymap(table: Mapping[str, object]) -> Keymap:
    """The keymap that a table of settings.toml means."""
    keys: dict[str, str] = {}
    problems: list[str] = []
    for name, value in _lines(table):
        meant = [name] if name in ACTIONS else _with_verb(name)
        if not meant:
            problems.append(f"{name!r} in [keys] is not an action, so it was ignored.")
        elif not isinstance(value, str) or not (made := _normal(value)):
            problems.append(
                f"{str(value)[:40]!r} for {name} in [keys] is not a key, so {name} keeps its key."
            )
        else:
            for one in meant:
                if one == name or one not in keys:  # the line of an action wins over its verb's
                    keys[one] = made
    return _without_clashes(keys, problems)


def _lines(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """The names and values. TOML reads ``segments.export`` as a table in a table."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _with_verb(name: str) -> list[str]:
    return [key for key, one in ACTIONS.items() if one.verb == name] if name in VERBS else []


def _normal(text: str) -> str:
    """Keys as Textual names them, or "" if one of them is not a key."""
    parts = [_one_key(part.strip()) for part in text.split(",")] if text != "," else ["comma"]
    return ",".join(parts) if all(parts) else ""


def _one_key(text: str) -> str:
    *modifiers, key = text.split("+") if text not in ("+", "") else [text]
    if not all(one in MODIFIERS for one in modifiers):
        return ""
    if len(key) == 1 and key.isprintable():
        return "+".join((*modifiers, key_name(key)))
    known = key in NAMED or _is_character(key)
    return text if known else ""


def key_name(character: str) -> str:
    """A character as Textual names its key: "/" is "slash"."""
    if character.isalnum():
        return character
    if character == " ":
        return "space"
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORT.get(name, name)


def _is_character(name: str) -> bool:
    long = {short: name for name, short in _SHORT.items()}.get(name, name)
    for spelled in (long.replace("_", " "), long.replace("_", "-"), long.replace("_", " ", 1)):
        try:
            return len(unicodedata.lookup(spelled.upper())) == 1
        except KeyError:
            continue
    return False


_SHORT = {  # as in textual.keys
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


# Clashes


def clashes(keymap: Keymap) -> Iterator[tuple[str, Action, Action]]:
    """Each key that would have two actions in one place, with both."""
    for one in (*SCREENS, *DIALOGS):
        yield from _in_place(one, keymap)


def _in_place(one: KeyContext, keymap: Keymap) -> Iterator[tuple[str, Action, Action]]:
    together = [*one.actions]
    if one.kind in ("mode", "screen"):
        together += [*TABLE.actions, *APP.actions]
    seen: dict[str, Action] = {}
    for action in together:
        for key in keymap.key(action).split(","):
            other = seen.setdefault(key, action)
            if other is not action and key not in SHARED:
                yield key, other, action


def _without_clashes(keys: dict[str, str], problems: list[str]) -> Keymap:
    while found := next(clashes(Keymap(keys)), None):
        key, one, other = found
        loser, winner = (other, one) if other.id in keys else (one, other)
        del keys[loser.id]
        problems.append(
            f"{key!r} for {loser.id} in [keys] is the key of {winner.id}, so {loser.id} keeps its"
            " key."
        )
    return Keymap(keys, tuple(problems))
