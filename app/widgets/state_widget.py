"""The base of Panelist's small widgets: each new state is drawn as lines once."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.geometry import Size
from textual.widget import Widget

from app.widgets.content import Content, para

State = TypeVar("State")


class StateWidget(Widget, Generic[State]):
    """Shows lines made from an immutable state. An equal state draws nothing.

    Subclasses implement :meth:`draw`. The number of lines sets the height.
    """

    DEFAULT_CSS = "StateWidget { width: 1fr; height: auto; text-wrap: nowrap; }"

    def __init__(self, state: State, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._state = state
        self._cache: tuple[int, list[Content]] | None = None

    def draw(self, state: State, width: int) -> list[Content]:
        """The lines of a state, no wider than ``width`` cells."""
        raise NotImplementedError

    def show(self, state: State) -> None:
        """Show a state. A state that is on the screen already costs nothing."""
        if state == self._state:
            return
        self._state = state
        height = len(self._cache[1]) if self._cache else -1
        width = self._cache[0] if self._cache else 0
        self._cache = None
        self.refresh(layout=width == 0 or len(self._lines(width)) != height)

    @property
    def state(self) -> State:
        """The state on the screen."""
        return self._state

    def _lines(self, width: int) -> list[Content]:
        if width < 1:  # not laid out yet, or hidden
            return []
        if self._cache is None or self._cache[0] != width:
            lines = [line.truncate(width, ellipsis=True) for line in self.draw(self._state, width)]
            self._cache = (width, lines)
        return self._cache[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return para(self._lines(self.content_size.width or self.size.width))
