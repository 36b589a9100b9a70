"""A short list of choices, with the keys of every list."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import OptionList

from app.keys.dialogs import CHOICES
from app.widgets.bindings import bindings


class ChoiceList(OptionList):
    """A list of a few choices."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(CHOICES)
    help_text = "Up and down go to a choice. Enter chooses it."
