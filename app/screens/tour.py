"""The tour of the demo: five steps, each of which says the key to press and ends when it is done.

The first steps after a real account was connected are told on the same line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from textual.css.query import NoMatches
from textual.widgets import Input

from app.db.errors import DatabaseProblem
from app.keys.keymap_file import ACTIONS
from app.screens.base import Host, PanelistScreen
from app.widgets.dialog import DecisionDialog
from app.widgets.lines.guide_line import GuideLine, GuideState

STEP, LEFT = "tour", "tour_left"  # names of what is remembered
SEEN = "segments_seen"
LEAST = 2  # letters that were typed to find someone
EVERYONE, OWN = "all", "own:"  # the key of a segment, and what those of one's own begin with


class View:
    """What a person sees now, as far as the tour asks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.mode = str(host.current_mode or "")

    @cached_property
    def places(self) -> set[str]:
        """The places of the actions that work now, as :mod:`app.keys` names them."""
        active = self._host.screen.active_bindings.values()
        return {(one.binding.id or "").partition(".")[0] for one in active}

    @property
    def typed(self) -> str | None:
        """What is in the focused field, or None if no field has the focus."""
        focused = self._host.focused
        return focused.value if isinstance(focused, Input) else None

    @property
    def searching(self) -> bool:
        """Whether a search narrows the list."""
        return any(line.display for line in self._host.screen.query("#search"))

    @property
    def in_segments(self) -> bool:
        """Whether the segments are in front, and nothing over them."""
        return self.mode == "segments" and "segments" in self.places

    @property
    def segment(self) -> str:
        """The key of the chosen segment."""
        return self._host.remembered.get("segment") or EVERYONE

    @property
    def has_history(self) -> bool:
        """Whether people joined and left the chosen segment."""
        return self.segment != EVERYONE and not self.segment.startswith(OWN)

    @property
    def on_segments(self) -> bool:
        """Whether the list of segments has the focus."""
        focused = self._host.focused
        return focused is not None and focused.id == "segment-list"

    def key(self, action: str) -> str:
        """The key of an action, as it is written in the tour."""
        keys = self._host.settings.keys.key(ACTIONS[action]).split(",")[0]
        return f"`{self._host.key_words(keys)}`"

    def count(self, sql: str) -> int:
        """A number from the database about the account that is shown."""
        shown = self._host.snapshot(fresh=False).view.connection
        if shown is None:
            return 0
        try:
            return int(self._host.store.row(sql, (shown.id,))[0])
        except DatabaseProblem:
            return 0

    @property
    def custom_segments(self) -> int:
        return self.count("SELECT count(*) FROM segment WHERE connection_id = ? AND kind = 'own'")

    @property
    def studies(self) -> int:
        return self.count("SELECT count(*) FROM study WHERE connection_id = ?")


def _go_to_segments(see: View) -> str:
    return f"Press {see.key('app.go_segments')} for Segments."


def _customers(see: View) -> str:
    return f"Press {see.key('app.go_segments')} to see who your customers are."


def _find(see: View) -> str:
    if see.typed is not None:
        return "Type part of a name or an email, such as har."
    if not see.in_segments:
        return _go_to_segments(see)
    return f"Press {see.key('segments.search')} to find one of them."


def _make(see: View) -> str:
    if "segment-form" in see.places:
        save = see.key("segment-form.save")
        return f"Type a name, `tab`, then created>-90d, then {save} to save."
    if see.searching:
        return "Found. Press `esc` until the search is closed."
    if not see.in_segments:
        return _go_to_segments(see)
    return f"Press {see.key('segments.new')} to create a segment that updates automatically."


def _preview(see: View) -> str:
    if see.mode != "studies":
        return f"Press {see.key('app.go_studies')} for Studies, where you invite participants."
    return f"Press {see.key('studies.preview')} to see who this draft invites, and who it does not."


def _history(see: View) -> str:
    if "history" in see.places:
        return "No one has left this segment. Press `esc`, then choose another segment."
    if not see.in_segments:
        return _go_to_segments(see)
    if see.has_history:
        return f"Press {see.key('segments.history')} to see who joined, who left, and why."
    if not see.on_segments:
        return "Press `esc` to go back to the segments."
    first = "" if see.segment == EVERYONE else f"{see.key('table.first')}, then "
    return f"Press {first}`↓` to go to Active Subscribers."


@dataclass(frozen=True)
class TourStep:
    """``says`` what to press, from where the person is. ``done`` when it was."""

    says: Callable[[View], str]
    done: Callable[[View], bool]


STEPS = (
    TourStep(_customers, lambda see: see.mode == "segments"),
    TourStep(_find, lambda see: see.mode == "segments" and len(see.typed or "") >= LEAST),
    TourStep(_make, lambda see: see.custom_segments > 0),
    TourStep(_preview, lambda see: "plan" in see.places),
    TourStep(_history, lambda see: "history" in see.places and see.has_history),
)
NEXT = "Next"
END = "That was the tour. All data here is fictional, so try everything."


class Tour:
    """The line of the tour, on whatever screen is in front."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def left(self) -> bool:
        """Whether the person left it."""
        return bool(self._host.remembered.get(LEFT))

    @property
    def step(self) -> int:
        """The number of steps that are done."""
        said = self._host.remembered.get(STEP)
        return int(said) if said.isdecimal() else 0

    def leave(self) -> bool:
        """Leave the tour. Returns False if there is none."""
        if self._host.demo is None or self.left:
            return False
        self._host.remembered.set(LEFT, "yes")
        if self.step < len(STEPS):
            key = View(self._host).key("app.tour").strip("`")
            self._host.tell(f"You left the tour. Press {key} to continue it.")
        self.look()
        return True

    def toggle(self) -> None:
        """Continue the tour, from its beginning if it was over, or leave it."""
        if not self.left:
            self.leave()
            return
        if self.step >= len(STEPS):
            self._host.remembered.set(STEP, "0")
        self._host.remembered.set(LEFT, "")
        self.look()

    def look(self) -> None:
        """See what was done, and say what is next."""
        if not self._host.is_running or not self._host.screen_stack:
            return  # the app is ending
        screen = self._host.screen
        if not isinstance(screen, PanelistScreen | DecisionDialog) or not screen.is_mounted:
            return
        see = View(self._host)
        state = self._of_demo(see) if self._host.demo is not None else first_step(see, self._host)
        try:
            line = screen.query_one(GuideLine)
        except NoMatches:
            if not state.text:
                return
            line = GuideLine()
            screen.mount(line)
        line.show(state)
        screen.set_class(bool(state.text), "-guided")  # so that no message covers the line

    def _of_demo(self, see: View) -> GuideState:
        if self.left or self._host.snapshot(fresh=False).view.connection is None:
            return GuideState()
        step = self.step
        while step < len(STEPS) and STEPS[step].done(see):
            step += 1
            self._host.remembered.set(STEP, str(step))
        leave = f"{see.key('app.tour')} Leave"
        if step == len(STEPS):
            return GuideState("✓", END, f"{see.key('app.tour')} Close")
        if isinstance(self._host.screen, DecisionDialog) and "segment-form" not in see.places:
            return GuideState()
        return GuideState(f"{step + 1}/{len(STEPS)}", STEPS[step].says(see), leave)


def first_step(see: View, host: Host) -> GuideState:
    """What to do first after a real account was connected, on its status."""
    shown = host.snapshot(fresh=False).view.connection
    if see.mode == "segments" and shown is not None:
        host.remembered.set(SEEN, "yes")
    if see.mode != "status" or shown is None or not isinstance(host.screen, PanelistScreen):
        return GuideState()
    if shown.status in ("pending", "disconnected") or see.studies:
        return GuideState()
    if not host.remembered.get(SEEN):
        return GuideState(NEXT, _customers(see))
    go, new = see.key("app.go_studies"), see.key("studies.new")
    return GuideState(NEXT, f"Press {go}, then {new}, to create your first study.")
