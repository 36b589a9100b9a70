"""The screens that are drawn, each with the keys that lead to it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.keys import _character_to_key

Size = tuple[int, int]  # columns and rows
DOCS_SIZE: Size = (110, 32)


class Typed(str):
    """A text that is typed, and not names of keys."""


def keys(step: str) -> list[str]:
    """The keys of a step: names with spaces between them, or a text."""
    return [_character_to_key(sign) for sign in step] if isinstance(step, Typed) else step.split()


@dataclass(frozen=True)
class Scene:
    """A screen. ``steps``: names of keys that are pressed one after another, or a text. After each
    step, the app rests. ``docs``: the documentation shows it. ``lists``: there are options to wait
    for. ``frame``: its place in the film, or 0."""

    name: str
    steps: tuple[str, ...]
    world: str = "company"
    docs: bool = False
    lists: bool = False
    frame: int = 0


AT_RISK = 'status:"past_due"'
ACTIVE = ("3", "down", "enter", "down")
SCENES = (
    Scene("connect", ("1",), "empty"),
    Scene("connected", ("1",)),
    Scene("first-sync", ("2",), "first-sync"),
    Scene("status", ("2",), docs=True, frame=1),
    Scene("segments", ACTIVE, docs=True, frame=2),
    Scene("masked", (*ACTIVE, "M")),
    Scene("person", (*ACTIVE, "enter"), frame=4),
    Scene("filter", ("3", "slash", Typed(AT_RISK), Typed(" AND cu")), frame=3),
    Scene("segment-form", ("3", "n")),
    Scene("compare", ("3 down", "v", "down down enter")),
    Scene("history", ("3 down", "t"), docs=True, frame=5),
    Scene("studies", ("4",), docs=True, frame=7),
    Scene("study-form", ("4", "e")),
    Scene("preview", ("4", "a", "p")),
    Scene("ticket", ("4", "a", "p", "i"), docs=True, frame=6),
    Scene("log", ("4 down", "L")),
    Scene("ledger", ("4 down", "L", "L")),
    Scene("help", ("3", "question_mark")),
    Scene("palette", ("3", "ctrl+p", Typed("stu")), lists=True),
)
