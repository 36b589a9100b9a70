"""A block of lines that fit its width."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.widgets.content import Content
from app.widgets.state_widget import StateWidget

Draw = Callable[[int], Sequence[Content]]


class LineBlock(StateWidget[Draw]):
    """Shows the lines that a function makes for a width. A new function draws again."""

    def __init__(self, draw: Draw = lambda _: (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(draw, id=id)

    def draw(self, state: Draw, width: int) -> list[Content]:
        return list(state(width))
