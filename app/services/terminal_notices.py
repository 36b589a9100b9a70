"""Gets a person's attention in a terminal: its bell, its title, a desktop notification.

No terminal says which of these it knows, so the setting ``notices`` chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from app.text import plain

KEEP_TITLE, GIVE_BACK_TITLE = "\x1b[22;2t", "\x1b[23;2t"  # xterm's stack of titles (XTWINOPS)
LONGEST = 200  # characters
# iTerm2, ConEmu and others; rxvt-unicode and VTE; kitty
# (sw.kovidgoyal.net/kitty/desktop-notifications)
DESKTOP = {
    "osc9": "\x1b]9;{}\x1b\\",
    "osc777": "\x1b]777;notify;Panelist;{}\x1b\\",
    "osc99": "\x1b]99;;{}\x1b\\",
}


class TerminalNotices:
    """``kinds``: of the setting ``notices``. ``write``: sends control sequences to the terminal."""

    def __init__(self, kinds: Collection[str], write: Callable[[str], None]) -> None:
        self._kinds, self._write = kinds, write
        self._titled = False

    def start(self) -> None:
        """Take the terminal's title."""
        if "title" in self._kinds:
            self._write(KEEP_TITLE + _title("Panelist"))

    def show(self, text: str) -> None:
        """Tell a person who may look elsewhere."""
        text = plain(text, LONGEST).replace(";", ",")  # a semicolon ends a part of OSC 777
        if "title" in self._kinds:
            self._titled = True
            self._write(_title(f"◆ {text}"))
        for kind, sequence in DESKTOP.items():
            if kind in self._kinds:
                self._write(sequence.format(text))
        if "bell" in self._kinds:
            self._write("\a")

    def seen(self) -> None:
        """Clear the title, because the person has seen the notice."""
        if self._titled:
            self._titled = False
            self._write(_title("Panelist"))

    def end(self) -> None:
        """Give the terminal its title back."""
        if "title" in self._kinds:
            self._write(GIVE_BACK_TITLE)


def _title(text: str) -> str:
    return f"\x1b]2;{text}\x1b\\"
