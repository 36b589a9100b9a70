"""Makes Textual's bindings from the actions of a place."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from app.keys.actions import KeyContext


def bindings(place: KeyContext) -> list[BindingType]:
    """The bindings of a screen, a dialog or a widget."""
    return [
        Binding(
            one.key, one.does, one.name, id=one.id, tooltip=one.about, show=one.shown,
            priority=one.first,
        )
        for one in place.actions
    ]  # fmt: skip
