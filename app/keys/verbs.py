"""The grammar of keys: each verb has one key and one label, the same on every screen.

A key is written as Textual names it, with commas between alternatives. ``docs/keys.md`` shows this
table to people, and a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """One verb. ``label`` is its name in the footer. ``final``: it cannot be undone, so it asks
    first and its key is a capital."""

    key: str
    label: str
    final: bool = False


VERBS = {
    # Everywhere
    "go_connect": Verb("1", "Connect"),
    "go_status": Verb("2", "Status"),
    "go_segments": Verb("3", "Segments"),
    "go_studies": Verb("4", "Studies"),
    "palette": Verb("ctrl+p", "Go to"),
    "help": Verb("question_mark,f1", "All keys"),
    "tour": Verb("f3", "Tour"),
    "mask": Verb("M", "Mask"),
    "quit": Verb("q", "Quit"),
    "suspend": Verb("ctrl+z", "Suspend"),
    "back": Verb("escape", "Back"),
    # In lists
    "down": Verb("down,j", "Down"),
    "up": Verb("up,k", "Up"),
    "left": Verb("left,h", "Columns to the left"),
    "right": Verb("right,l", "Columns to the right"),
    "first": Verb("home,g", "First row"),
    "last": Verb("end,G", "Last row"),
    "page_down": Verb("pagedown", "Page down"),
    "page_up": Verb("pageup", "Page up"),
    "half_down": Verb("ctrl+d", "Half a page down"),
    "half_up": Verb("ctrl+u", "Half a page up"),
    "sort_before": Verb("less_than_sign", "Sort by the previous column"),
    "sort_after": Verb("greater_than_sign", "Sort by the next column"),
    "open": Verb("enter", "Open"),
    "search": Verb("slash", "Search"),
    "select": Verb("space", "Select"),
    # What a screen does
    "new": Verb("n", "New"),
    "edit": Verb("e", "Edit"),
    "delete": Verb("D", "Delete", final=True),
    "export": Verb("x", "Export"),
    "copy": Verb("y", "Copy"),
    "refresh": Verb("r", "Refresh"),
    "undo": Verb("u", "Undo"),
    "invite": Verb("i", "Invite"),
    "preview": Verb("p", "Preview"),
    "remind": Verb("R", "Remind", final=True),
    "test": Verb("T", "Test email"),
    "activate": Verb("a", "Activate"),
    "pause": Verb("P", "Pause sending"),
    "close": Verb("C", "Close", final=True),
    "segments": Verb("s", "Segments"),
    "history": Verb("t", "History"),
    "why": Verb("w", "Why"),
    "compare": Verb("v", "Compare"),
    "log": Verb("L", "Log"),
    "mark": Verb("m", "Mark"),
    "import": Verb("I", "Import"),
    "suppress": Verb("X", "Do not contact", final=True),
    "withdraw": Verb("W", "Withdraw", final=True),
    "allow": Verb("A", "Allow again"),
    "erase": Verb("E", "Erase", final=True),
    "options": Verb("o", "Options"),
    "state": Verb("f", "Filter"),
    "scope": Verb("S", "All studies"),
    "account": Verb("c", "Account"),
    "demo": Verb("d", "Demo"),
    "trust": Verb("V", "Trust"),
    "sign_in": Verb("S", "Sign in"),
    "disconnect": Verb("O", "Disconnect", final=True),
    "swap": Verb("z", "Swap"),
    "member": Verb("N", "Next member"),
    "week_before": Verb("left_square_bracket", "A week earlier"),
    "week_after": Verb("right_square_bracket", "A week later"),
    "month_before": Verb("left_curly_bracket", "A month earlier"),
    "month_after": Verb("right_curly_bracket", "A month later"),
    # In forms and dialogs
    "save": Verb("ctrl+s", "Save"),
    "look": Verb("ctrl+o", "Preview"),
    "form": Verb("ctrl+t", "Change"),
    "editor": Verb("ctrl+e", "Editor"),
    "replace": Verb("ctrl+r", "Replace"),
    "exclude": Verb("minus", "Exclude"),
    "yes": Verb("y", "Yes"),
    "no": Verb("n", "No"),
    "moved": Verb("m", "Moved"),
    "copied": Verb("c", "Copy"),
    "complete": Verb("tab", "Complete"),
    "to_list": Verb("down", "To the list"),
    "earlier": Verb("up", "Earlier filter"),
    "stop": Verb("ctrl+c", "Quit"),
}
"""By name, which is the end of the id of each action: ``segments.export`` is ``export``."""

QUESTION = (
    "yes",
    "no",
    "moved",
    "copied",
)  # the only verbs whose keys mean something else outside of a question
