"""A person's own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.keys.actions import Action


@dataclass(frozen=True)
class Keymap:
    """The keys of actions by their ids, and a sentence about each line that cannot be used."""

    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def key(self, action: Action) -> str:
        """The keys of an action."""
        return self.keys.get(action.id, action.key)
