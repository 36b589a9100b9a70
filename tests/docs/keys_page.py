"""The page of all keys, made from the table of verbs and the actions of each screen."""

from __future__ import annotations

from collections.abc import Iterable

from app.keys.actions import KeyContext
from app.keys.dialogs import EXPORT, FILTER, MARK_LIST, SEGMENT_FORM, STUDY_FORM, TABLE
from app.keys.screens import APP, SCREENS
from app.keys.verbs import VERBS
from tests.docs.shortest_ways import WAYS

SIGNS = {
    "question_mark": "?", "slash": "/", "less_than_sign": "<", "greater_than_sign": ">",
    "left_square_bracket": "[", "right_square_bracket": "]", "left_curly_bracket": "{",
    "right_curly_bracket": "}", "left_parenthesis": "(", "right_parenthesis": ")",
    "minus": "-", "f1": "F1", "f3": "F3", "pagedown": "page down", "pageup": "page up",
}  # fmt: skip
GENERAL = {one.verb for one in (*APP.actions, *TABLE.actions)}

HEAD = """# Keys

The same verb has the same key on every screen. What you can't undo has a capital letter, and
Panelist asks first. `Escape` closes what is on top, such as a dialog, a search or a person, and
does nothing at the top level of a mode.

You don't have to learn this page. The line at the bottom names the keys that work now. Press `?`
for all of them, or `F1` in a field: type to find one, and press `Enter` to run it. `ctrl+p` finds
every action of every screen, and also a segment, a study or a person by name.
"""

OWN = """## Your own keys

Set keys in the table `[keys]` of `settings.toml`. `panelist info` names that file. A line sets one
action by its ID, or a verb on every screen:

```toml
[keys]
segments.export = "ctrl+e"
refresh = "f5"
mask = "ctrl+h,f9"
```

Commas separate alternatives. A key is a letter, a sign, or a name such as `f5`, `space` or
`pagedown`, after `ctrl+`, `alt+` or `shift+`. If a line names no action or no key, or if its key
has another meaning on the same screen, that line is left out. The app and `panelist info` say why.
"""


def _ways() -> str:
    rows = [f"| {way.name} | {way.shown} | {way.fewest} |" for way in WAYS]
    return "\n".join(("| what | keys | number |", "| --- | --- | --- |", *rows, ""))


def keys_page() -> str:
    """The page."""
    return "\n".join(
        (
            HEAD,
            "## The shortest ways\n",
            "From Status. A text that you choose or paste, written *like this*, counts as one key."
            "\nThe study to invite from is the demo's draft.\n",
            _ways(),
            "## Everywhere\n",
            _actions(APP),
            "## In lists\n",
            _actions(TABLE),
            "## Verbs\n",
            _verbs(),
            *(f"## {one.name}\n\n{_actions(one)}" for one in SCREENS),
            "## In forms and dialogs\n",
            "Only `F1`, `Enter`, `Escape` and keys with `ctrl` work in a field, because letters are"
            "\ntext there.\n",
            *(
                f"### {one.name}\n\n{_actions(one)}"
                for one in (SEGMENT_FORM, STUDY_FORM, EXPORT, MARK_LIST, FILTER)
            ),
            OWN,
        )
    )


def _verbs() -> str:
    rows = []
    for name, verb in VERBS.items():
        where = [
            place.name for place in SCREENS if any(action.verb == name for action in place.actions)
        ]
        if where and name not in GENERAL:
            rows.append((written(verb.key), verb.label, ", ".join(where)))
    return table(("key", "verb", "where"), rows)


def _actions(place: KeyContext) -> str:
    return table(
        ("key", "action", "what it does", "ID"),
        [(written(one.key), one.name, f"{one.about}.", f"`{one.id}`") for one in place.actions],
    )


def written(key: str) -> str:
    """Keys as the page writes them."""
    return " ".join(f"`{SIGNS.get(one, one)}`" for one in key.split(","))


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    cells = (head, ("---",) * len(head), *rows)
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in cells)
    return "".join(f"| {line} |\n" for line in lines)
