"""The help for the focused widget."""

from __future__ import annotations

from textual.screen import Screen

from app.widgets.content import Content, words


def help_lines(screen: Screen[object]) -> list[Content]:
    """The help texts of the focused widget and its screen, then the keys that work."""
    lines: list[Content] = []
    focused = screen.focused
    for node in focused.ancestors_with_self if focused is not None else [screen]:
        text = getattr(node, "help_text", "")
        if text and len(lines) < 4:
            lines += [words(text), words()]
    lines.append(words(("Keys", "bold")))
    for key, active in sorted(screen.active_bindings.items()):
        binding = active.binding
        if binding.id and active.tooltip:
            shown = screen.app.get_key_display(binding)
            lines.append(words((f"  {shown or key:<8}", "bold"), active.tooltip))
    lines += [
        words(("  ↑ ↓ PgUp PgDn ", "bold"), "scroll or choose; "),
        words(("  tab shift+tab ", "bold"), "next or previous thing"),
    ]
    return lines
