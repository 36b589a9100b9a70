"""The lifecycle of a connection, and a bar for each step of its sync."""

from __future__ import annotations

from dataclasses import dataclass

from app.panel.labels import day
from app.panel.overview import StepView
from app.text import duration
from app.widgets.content import Content, hang, words
from app.widgets.state_widget import StateWidget

LIFECYCLE = {
    "pending": "pending",
    "syncing": "syncing",
    "segments_synced": "segments synced",
    "complete": "complete",
}
STEPS = ("products", "prices", "subscriptions", "segments", "customers")
STATES = {  # state -> (glyph, style)
    "pending": ("○", "$muted"),
    "running": ("●", "$primary"),
    "done": ("✓", "$completed"),
    "skipped": ("–", "$warn"),
    "failed": ("✗", "$never"),
}
NAME = 16  # cells for glyph and name
LEAST_BAR, MOST_BAR = 8, 40


@dataclass(frozen=True)
class LifecycleState:
    """``status`` is the connection's, or None. ``note`` says why it is disconnected."""

    status: str | None = None
    note: str = ""


class Lifecycle(StateWidget[LifecycleState]):
    """The four states of a first sync, with the current one marked."""

    def __init__(self) -> None:
        super().__init__(LifecycleState(), id="lifecycle")

    def draw(self, state: LifecycleState, width: int) -> list[Content]:
        order = list(LIFECYCLE)
        present = order.index(state.status) if state.status in LIFECYCLE else -1
        parts = []
        for index, name in enumerate(order):
            label = LIFECYCLE[name]
            if index == present:
                glyph = "✓" if name == "complete" else "●"
                parts.append(words((f"{glyph} {label}", "bold reverse $completed")))
            elif index < present:
                parts.append(words(("✓", "$completed"), f" {label}"))
            else:
                parts.append(words((f"○ {label}", "$muted")))
        line = words((" ─ ", "$muted")).join(parts)
        if line.cell_length > width:
            line = words((" ", "$muted")).join(parts)
        if state.status == "disconnected":
            return [*line.wrap(width), *words((f"✗ {state.note}", "bold $never")).wrap(width)]
        return line.wrap(width)


@dataclass(frozen=True)
class StepState:
    """A step and its rate in objects per second (0 when it does not run)."""

    step: StepView
    rate: float = 0.0

    @property
    def left(self) -> float | None:
        """Seconds until the step is done, or None when that is unknown."""
        if self.step.state != "running" or not self.step.total or self.rate <= 0:
            return None
        return max(0, self.step.total - self.step.done) / self.rate


class SyncSteps(StateWidget[tuple[StepState, ...]]):
    """A bar for each step, with counts, rate and time left, and a sentence if it failed."""

    def __init__(self) -> None:
        super().__init__((), id="steps")

    def draw(self, state: tuple[StepState, ...], width: int) -> list[Content]:
        steps = state or tuple(
            StepState(StepView(name, "pending", 0, None, None)) for name in STEPS
        )
        room = width - NAME - 1
        for brevity in range(3):  # drop words before the bar
            tails = [_tail(one, brevity) for one in steps]
            longest = max(tail.cell_length for tail in tails)
            if longest + LEAST_BAR <= room:
                break
        bar = max(LEAST_BAR, min(MOST_BAR, room - longest))
        pairs = zip(steps, tails, strict=True)
        return [line for one, tail in pairs for line in _step_lines(one.step, tail, bar, width)]


def _step_lines(step: StepView, tail: Content, bar: int, width: int) -> list[Content]:
    glyph, style = STATES.get(step.state, STATES["pending"])
    head = words((glyph, style), f" {step.name}").truncate(NAME, pad=True)
    lines = [words(head, _bar(step, bar, style), " ", tail)]
    if step.message:
        text = words((step.message, "$muted" if step.state == "done" else style))
        lines += hang(words("  "), text, width)
    return lines


def _bar(step: StepView, width: int, style: str) -> Content:
    if step.state == "done":
        return bar(1, 1, width, style)
    return bar(step.done, step.total, width, style)


def bar(done: int, total: int | None, width: int, style: str) -> Content:
    """A bar of what is done. It is full only when everything is."""
    full = 0
    if total:
        full = min(width - 1, width * done // total) if done < total else width
    return words(("━" * full, style), ("─" * (width - full), "$muted"))


def _tail(one: StepState, brevity: int) -> Content:
    """Counts, rate and time left. A higher ``brevity`` uses fewer words."""
    step = one.step
    if step.state == "pending":
        return words(("waiting", "$muted"))
    counts = f"{step.done:,}"
    if step.total is not None and step.state != "done":
        counts += f"/{step.total:,}" if brevity else f" of ≈ {step.total:,}"
    if step.state == "running":
        parts = [counts]
        if one.rate >= 0.5 and brevity < 2:
            parts.append(f"{one.rate:,.0f}/s")
        if step.total is None and step.back_to is not None:
            since = day(step.back_to)
            parts.append(since if brevity else f"all since {since}")
        if one.left is not None:
            parts.append(duration(one.left) + ("" if brevity else " left"))
        return words((" " if brevity else "  ").join(parts))
    style = STATES[step.state][1] if step.state in STATES else ""
    return words((step.state, style), f" {counts}" if step.done or step.state == "done" else "")
