"""One study as lines: its audience and rules, what to do next, its replies and its mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.invites.figures.study_figures import Reply, StudyCounts, StudyFigures
from app.invites.mail import template
from app.invites.studies import CHANGEABLE, Study
from app.screens.state_marks import MARKS, PLAIN
from app.screens.studies.board.batch_rows import Batches
from app.screens.studies.board.funnel_rows import day_bars, days_words, funnel_rows, heading
from app.screens.studies.board.study_table import study_mark
from app.screens.studies.mail_rows import mail_lines, sender_words
from app.text import day, masked, plain, when
from app.widgets.content import Content, hidden, words
from app.widgets.empty_state import EmptyText

LABEL = 11  # cells for the label of a line
NAME = 18  # cells for the name of who replied
NO_STUDIES = EmptyText(
    "No studies yet.",
    "A study invites participants from your segments.",
    (("n", "New study"),),
)


@dataclass(frozen=True)
class StudyView:
    """What is shown of one study. ``names``: of segments by their keys. ``member``: the name and
    the email of someone whom the mail is shown for, None if there is no one."""

    study: Study
    counts: StudyCounts
    figures: StudyFigures
    batches: Batches
    names: Mapping[str, str]
    member: tuple[str | None, str] | None

    def main(self, width: int, now: float, *, roomy: bool, masking: bool) -> list[Content]:
        """The batches, the funnel, what to do next, and the latest replies."""
        gap = [words()] * roomy
        sender = self.study.template.sender_address
        parts = [
            self._missing(width, roomy=roomy),
            self.batches.rows(width, now, sender, roomy=roomy),
            funnel_rows(self.counts, self.figures, width, now, roomy=roomy),
            self._next(width, roomy=roomy),
            _replies(self.figures.latest, width, now, masking=masking, roomy=roomy),
        ]
        shown = [part for part in parts if part]
        return [line for part in shown for line in (*part, *gap)]

    def facts(self, width: int, *, roomy: bool = True) -> list[Content]:
        """The state, the audience and the rules."""
        study = self.study
        mark, style = study_mark(study.state)
        rows = heading("Study", "", width, roomy=roomy)
        rows += _fact("State", words((f"{mark} ", style), study.state), width)
        if study.purpose:
            rows += _fact("Notes", words(plain(study.purpose, 500)), width)
        taken = _named(study.segments, self.names)
        audience = words((taken, "bold")) if taken else words(("no segments yet", "$warn"))
        rows += _fact("Audience", audience, width)
        if study.excluded:
            rows += _fact("Except", words(_named(study.excluded, self.names)), width)
        rows += _fact("From", words(sender_words(study.template)), width)
        rules = study.rules
        numbers = (
            ("Wait", rules.cool_down_days, "days", "between invites"),
            ("Limit", rules.cap, "invites", f"in {rules.cap_days or 0:,} days"),
            ("Expires", rules.expire_days, "days", "after sending"),
        )
        for label, number, unit, more in numbers:
            if number is not None:
                shown = f"{number:,} {unit if number != 1 else unit.removesuffix('s')}"
                rows += _fact(label, words((shown, "bold"), (f" {more}", "$muted")), width)
        if rules.quiet_hours is not None:
            rows += _fact("Quiet", words(rules.quiet_hours), width)
        return rows

    def per_day(self, width: int, now: float, *, roomy: bool = True) -> list[Content]:
        """Replies on each day, if there are any."""
        days, first = self.figures.per_day, self.figures.first_at
        if not sum(days) or first is None:
            return []
        number = sum(days)
        said = "1 reply" if number == 1 else f"{number:,} replies"
        bars = day_bars(days, width)
        axis = bars[-1].cell_length
        begin = day(first, now)
        dates = f"{begin}{'today':>{max(0, axis - len(begin))}}" if axis > 16 else begin
        return [
            *heading("Replies per day", said, width, roomy=roomy),
            *bars,
            words((dates, "$muted")),
        ]

    def mail(
        self, width: int, masking: bool, height: int = 0, *, roomy: bool = True
    ) -> list[Content]:
        """The mail as a member would get it. ``height``: rows to fill, if it is not 0."""
        rows = heading("Email", "N next member", width, roomy=roomy)
        if self.member is None:
            return [*rows, words(("No one is in its segments yet.", "$muted"))]
        name, email = self.member
        called = masked(name) if masking and name else name
        made = template.render(self.study.template, called, "…")
        to = hidden(email, masking)
        to = f"{plain(called, 80)} <{to}>" if called else to
        return [*rows, *mail_lines(self.study.template, made, to, False, width, max(0, height - 2))]

    def _missing(self, width: int, *, roomy: bool) -> list[Content]:
        """What a draft lacks before it can be active."""
        study = self.study
        if study.state != "draft":
            return []
        rows = heading("Before it can send", "", width, roomy=roomy)
        for one in study.missing:
            key, does = ("s", "chooses it.") if one == "a segment" else ("e", "adds it.")
            rows.append(
                words(("× ", "$never"), f"It needs {one}. ", (key, "bold $primary"), f" {does}")
            )
        if not study.missing:
            rows.append(words(("✓ ", "$completed"), "Nothing is missing. ",
                              ("a", "bold $primary"), " activates it."))  # fmt: skip
        return rows

    def _next(self, width: int, *, roomy: bool) -> list[Content]:
        study, due = self.study, self.figures.due
        lines = []
        if study.state == "active" and due:
            people = "1 invitee has" if due == 1 else f"{due:,} invitees have"
            lines.append(words(f"{people} not replied. ", ("R", "bold $primary"), " reminds them."))
        if study.state == "active":
            lines.append(
                words("See who can be invited now: ", ("p", "bold $primary"), " previews.")
            )
        elif study.state == "paused":
            lines.append(words("Paused. ", ("a", "bold $primary"), " activates it again."))
        elif study.state not in CHANGEABLE:
            lines.append(words((f"It is {study.state}, and sends nothing.", "$muted")))
        return [*heading("Next", "", width, roomy=roomy), *lines] if lines else []


def _replies(
    latest: Sequence[Reply], width: int, now: float, *, masking: bool, roomy: bool
) -> list[Content]:
    if not latest:
        return []
    rows = heading("Latest replies", "", width, roomy=roomy)
    for one in latest:
        mark, style = MARKS.get(one.state, PLAIN)
        name = words(hidden(one.name, masking) or one.stripe_id)
        at = when(one.at, now)
        said = f"{one.state} after {days_words(one.days)}"
        room = max(0, width - NAME - len(at) - 4)
        line = words((f"{mark} ", style), name.truncate(NAME, ellipsis=True, pad=True), "  ")
        shown = words((said, "$muted")).truncate(room, ellipsis=True, pad=True)
        rows.append(words(line, shown, (at, "$muted")))
    return rows


def _fact(label: str, value: Content, width: int) -> list[Content]:
    """A label and its value. A long value wraps next to the label."""
    lines = value.wrap(max(8, width - LABEL)) or [words()]
    margin = " " * LABEL
    first = words((f"{label:<{LABEL}}", "$muted"), lines[0])
    return [first, *(words(margin, line) for line in lines[1:])]


def _named(keys: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(key, f"{key} (gone)") for key in keys)
