"""The sentences about a comparison with Stripe."""

from __future__ import annotations

from app.sync.stripe.client import StripeProblem
from app.sync.verify.findings import Difference, Finding, Pending, SetAside, Skipped, VerifyProgress
from app.text import duration, plain, when

CERTAINTY = 0.95

_KINDS = {
    "missing_here": "missing here",
    "deleted_in_stripe": "deleted in Stripe, not deleted here",
    "deleted_here": "deleted here, not deleted in Stripe",
    "unknown_to_stripe": "here, not found in Stripe",
    "superfluous": "here, but what it belongs to is missing",
}
_WHY_PENDING = {
    "listing": "a full listing is running and has not reached it",
    "changing": "it kept changing",
}


def first_sentence(problem: StripeProblem) -> str:
    """The first sentence of a problem. The rest is about a sync, which keeps its place."""
    return plain(str(problem).partition(". ")[0].rstrip("."), 300) + "."


def how_far(progress: VerifyProgress) -> str:
    """The progress of a comparison that was interrupted."""
    text = f"{progress.compared:,} of {progress.total:,} objects were compared until then"
    text += f", with {_number(progress.differences, 'difference')}"
    if progress.doubtful:
        text += f" and {progress.doubtful:,} that were not checked a second time"
    return text + ". Nothing was changed."


def summary(progress: VerifyProgress, requests: int, seconds: float, *, sampled: bool) -> str:
    """The result of a complete comparison: what was found, and how certain that is."""
    found = "equal"
    if progress.differences:
        found = _number(progress.differences, "difference")
    elif progress.skipped:
        found = "equal as far as Panelist could compare"
    said = [
        f"Compared {progress.compared:,} of {_number(progress.total, 'object')} with Stripe in"
        f" {duration(seconds)} and {_number(requests, 'request')}: {found}"
        + (f"; {_repair(progress)}." if progress.differences else ".")
    ]
    if progress.pending:
        said.append(f"{progress.pending:,} changed since the last sync, which is not an error.")
    if progress.set_aside:
        said.append(f"{progress.set_aside:,} cannot be stored.")
    if sampled:
        said.append(_what_a_sample_shows(progress))
    return " ".join(said)


def _repair(progress: VerifyProgress) -> str:
    if not progress.lasting:
        return "`panelist sync --full` repairs them"
    lasting = (
        "them" if progress.lasting == progress.differences else f"{progress.lasting:,} of them"
    )
    return (
        f"`panelist sync --full` cannot repair {lasting} (segments that do not follow their"
        " rules, or objects deleted only here). Please report this"
    )


def _what_a_sample_shows(progress: VerifyProgress) -> str:
    """With no difference in n drawn, fewer than 1 - 0.05^(1/n) differ, with 95% certainty."""
    if progress.differences:
        return "This was a sample, and the rest may differ too. Use --all to compare everything."
    unseen = "missing objects are found only among the newest 100 of each list"
    if progress.drawn == progress.drawn_from:
        return f"Everything here was checked, but {unseen}. Use --all to find the rest."
    most = 1 - (1 - CERTAINTY) ** (1 / progress.drawn)
    return (
        f"This was a sample of {progress.drawn:,}: with {CERTAINTY:.0%} certainty, fewer"
        f" than {most:.1%} of the participants and subscriptions here differ, and {unseen}."
        " Use --all to compare everything."
    )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def sentence(finding: Finding | Skipped) -> str:
    """A finding as one safe line."""
    match finding:
        case Skipped("events", permission):
            return (
                f"events: the key lacks the permission “{permission}”, so a change since the"
                " last sync counts as a difference"
            )
        case Skipped(name, permission, sync):
            who = "the sync's key lacked" if sync else "the key lacks"
            return f"{name}: not compared, {who} the permission “{permission}”"
        case SetAside(what, key, reason):
            return f"{what} {plain(key, 255)}: cannot be stored: {plain(reason)}"
        case Pending(what, key, kind, at):
            why = _WHY_PENDING.get(kind) or f"{plain(kind)} at {when(at)}"
            return f"{what} {plain(key, 255)}: not checked yet, {why}"
        case Difference():
            return f"{finding.object} {plain(finding.id, 255)}: {_difference(finding)}"


def _difference(one: Difference) -> str:
    item = f"items: {plain(one.item, 255)} " if one.item else ""
    match one.kind:
        case "field" if one.field == "folded":
            return "filters and searches use other text than Stripe has"
        case "field" | "item_field":
            here, there = _value(one.here), _value(one.there)
            hidden = " (they differ in what a terminal does not show)" if here == there else ""
            return f"{item}{one.field} here {here} in Stripe {there}{hidden}"
        case "item_missing_here" | "item_unknown_to_stripe":
            return item + _KINDS[one.kind.removeprefix("item_")]
        case "member":
            return f"in segment {plain(one.field, 300)}, against its rule"
        case "not_member":
            return f"not in segment {plain(one.field, 300)}, against its rule"
        case "count":
            name = "members with an email" if one.field == "with_email" else "members"
            return f"{one.field} {one.here:,}, {name} {one.there:,}"
        case kind:
            return _KINDS[kind]


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    return f'"{plain(value, 200)}"' if isinstance(value, str) else str(value)
