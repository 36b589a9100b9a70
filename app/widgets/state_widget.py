"""The base of Panelist's small widgets: a state goes in, lines come out, once per change."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.geometry import Size
from textual.widget import Widget

from app.widgets.content import Content, para

State = TypeVar("State")


class StateWidget(Widget, Generic[State]):
    """Shows lines made from one immutable state; an equal state writes nothing.

    Subclasses implement :meth:`draw`. The height follows the number of lines.
    """

    DEFAULT_CSS = "StateWidget { width: 1fr; height: auto; text-wrap: nowrap; }"

    def __init__(self, state: State, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._state = state
        self._made: tuple[int, list[Content]] | None = None

    def draw(self, state: State, width: int) -> list[Content]:
        """The lines for ``width`` cells. They must not be wider."""
        raise NotImplementedError

    def show(self, state: State) -> None:
        """Show another state. Costs nothing when it is the one on the screen."""
        if state == self._state:
            return
        self._state = state
        height = len(self._made[1]) if self._made else -1
        width = self._made[0] if self._made else 0
        self._made = None
        self.refresh(layout=width == 0 or len(self._lines(width)) != height)

    @property
    def state(self) -> State:
        """What is shown."""
        return self._state

    def _lines(self, width: int) -> list[Content]:
        if self._made is None or self._made[0] != width:
            lines = [line.truncate(width, ellipsis=True) for line in self.draw(self._state, width)]
            self._made = (width, lines)
        return self._made[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return para(self._lines(self.content_size.width or self.size.width))
