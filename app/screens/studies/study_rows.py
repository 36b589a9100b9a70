"""One study as rows of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.invites.mail.template import Message, Template
from app.invites.schedule.start_time import moment_words
from app.invites.sending.channels.registry import Channel
from app.invites.sending.runs import OVER, RunResult, RunView
from app.invites.sending.schedule import timing_words
from app.invites.states import INVITE_STATES, NO_ADDRESS, state_words
from app.invites.studies import Study
from app.screens.state_marks import state_style
from app.text import plain, when
from app.widgets.content import Content, hidden, words
from app.widgets.row_list import Row

LABEL = 12  # cells for the label of a line
BAR = 24


def queued_words(number: int, channel: Channel, start_at: int | None = None) -> str:
    """What happens to a batch that was just queued, and whether it can be undone."""
    if start_at is not None:
        return (
            f"{number:,} queued. They start on {moment_words(start_at)}. Until then u undoes all of"
            " it. Keep the app open, or run panelist send."
        )
    if channel.is_local:
        return f"{number:,} are written to {channel.words} at once. The study shows how far it is."
    if channel.by_hand:
        return f"{number:,} links wait to be copied: L, then y. u withdraws those that are left."
    return f"{number:,} queued. u undoes all of it for two minutes, then withdraws what is left."


def _next(run: RunView) -> str:
    """What happens to a batch in trouble."""
    if run.state == "running":
        return " It is tried again by itself."
    return " P resumes." if run.state == "paused" and run.left else ""


def first_rows() -> list[Row]:
    """The rows to show when there is no study yet."""
    steps = (
        ("n", "create one: its interview link, its sender and its email"),
        ("s", "choose its segments"),
        ("a", "activate it"),
        ("p", "preview who will be invited, and who will not and why"),
        ("i", "in the preview, see what will be sent, and confirm the number"),
    )
    rows = [_title("A study is what people are invited to")]
    return rows + [_line(key, text) for key, text in steps]


def study_rows(
    study: Study,
    funnel: Mapping[str, int],
    invited: int,
    runs: Sequence[RunView],
    names: Mapping[str, str],
    now: float,
    *,
    here: Sequence[int],
    quiet_hours: str | None,
) -> list[Row]:
    """A study's state, invites, batches, audience and rules. ``invited``: how many were written to.
    ``names`` are the names of segments by their keys. ``here`` are the ids of the batches that this
    app sends. ``quiet_hours``: those of the settings."""
    rows = [_line("state", study.state, "bold")]
    if study.state == "draft" and study.missing:
        rows.append(_line("needs", f"{', '.join(study.missing)} before it can be active", "$warn"))
    if study.purpose:
        rows.append(_line("purpose", study.purpose))
    rows += _funnel(funnel, invited)
    for run in runs[:3]:
        rows += _run(run, now, quiet_hours, here=run.id in here)
    rows += [_title("Audience")]
    rows.append(_line("segments", _named(study.segments, names) or "none yet. s chooses some"))
    if study.excluded:
        rows.append(_line("but none of", _named(study.excluded, names)))
    rows += [_line("", rule) for rule in study.rules.words]
    return rows


def template_rows(template: Template, made: Message | None, to: str, masking: bool) -> list[Row]:
    """The mail as one member would get it. ``made`` is None if there is no member."""
    rows = [_title("The mail, as a member would get it")]
    sender = (
        f"{template.sender_name} <{template.sender_address}>"
        if template.sender_address
        else "nobody"
    )
    rows.append(_line("from", sender))
    if template.reply_to:
        rows.append(_line("answers to", template.reply_to))
    if made is None:
        return [*rows, _line("", "No one is in its segments yet.")]
    rows.append(_line("to", hidden(to, masking)))
    rows.append(_line("subject", made.subject, "bold"))
    if not template.postal:
        rows.append(_line("", "no postal line yet; in many countries a mail needs one", "$warn"))
    if made.stood_in:
        rows.append(_line("", "nothing is known of the name: other words stand in", "$warn"))
    rows += [Row(words(), words(plain(line, 2_000))) for line in made.text.splitlines()]
    return [*rows, Row(words(), words((plain(made.html_note), "$muted")))] if made.html else rows


def _funnel(funnel: Mapping[str, int], invited: int) -> list[Row]:
    every = sum(funnel.values())
    rows = [_title(f"Invites: {every:,}" if every else "Invites")]
    if not every:
        return [*rows, _line("", "no one is invited yet. p previews who will be")]
    rows.append(_bar("invited", invited, every, "bold"))
    for state, word in INVITE_STATES.items():
        if number := funnel.get(state, 0):
            rows.append(_bar(word, number, every, state_style(state)))
    return rows


def _bar(name: str, number: int, every: int, style: str) -> Row:
    full = max(1, round(BAR * number / every)) if number else 0
    bar = words(("█" * full, style.replace("bold ", "")), ("·" * (BAR - full), "$muted"))
    return Row(words((f"{name:<{LABEL}}", "$muted")), words(bar, (f" {number:,}", style)))


def _run(run: RunView, now: float, quiet_hours: str | None, *, here: bool) -> list[Row]:
    what = "Sending" if run.kind == "invite" else "Reminding"
    through = f" {run.server}" if run.server else ""
    rows = [_title(f"{what} by {run.channel.words}{through}, {when(run.at, now)}, {run.by}")]
    rows.append(_line(run.state, run.words, "bold"))
    if run.trouble:
        rows.append(
            _line(
                "",
                f"{run.trouble}{_next(run)}",
                "$never",
            )
        )
    elif run.state == "paused":
        rows.append(_line("", "P resumes, u withdraws what is left"))
    elif run.state not in OVER and run.left:
        if timing := timing_words(run, quiet_hours, now):
            undo = "u undoes all of it" if run.go_at > now else "P pauses, u stops"
            rows.append(_line("", f"{timing}; {undo}", "$warn"))
            if not here:
                rows.append(_line("", "this app does not send it; P sends it from here", "$warn"))
        elif run.channel.by_hand:
            rows.append(_line("", "each link is copied by hand: L (log), then y"))
        elif here:
            rows.append(_line("", f"{run.recent:,} in the last minute; P pauses, u withdraws"))
        else:
            rows.append(_line("", "no one sends it at the moment. P resumes", "$warn"))
    if run.state not in OVER:
        rows += [_line("", _result(one), "$muted") for one in run.last]
    return rows


def _result(one: RunResult) -> str:
    return f"{hidden_address(one.address)} {state_words(one.state)} {one.answer or ''}"


def hidden_address(address: str | None) -> str:
    """An address in a line of progress, where its domain is enough."""
    return f"…@{address.rpartition('@')[2]}" if address else NO_ADDRESS


def _named(keys: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(key, f"{key} (gone)") for key in keys)


def _title(text: str) -> Row:
    return Row(words(), words((plain(text, 200), "bold")))


def _line(label: str, text: str, style: str = "") -> Row:
    head: Content = words((f"{label:<{LABEL}}", "$muted"))
    return Row(head, words((plain(text, 1_000), style)))
