"""The actions of the app, of its modes, and of the screens that lie over a mode."""

from __future__ import annotations

from app.keys.actions import KeyContext, Row, place

REFRESH = Row("refresh", "Check Stripe for changes now", "app.refresh_now")
EXPORT_PEOPLE = Row("export", "Export this list to a file")

APP = place(
    "app", "app", "Everywhere",
    Row("go_connect", "Connect a Stripe account", "go('connect')", shown=False),
    Row("go_status", "See the sync and what changed", "go('status')", shown=False),
    Row("go_segments", "See the segments and their members", "go('segments')", shown=False),
    Row("go_studies", "Invite participants to studies", "go('studies')", shown=False),
    Row("tour", "Continue the demo's tour, or leave it", shown=False),
    Row("mask", "Hide or show names and emails on every screen", shown=False),
    Row("suspend", "Suspend the app. Type fg to come back", "suspend_process", shown=False),
    Row("back", "Close what is on top", shown=False),
    Row("quit", "Quit. Your data is kept", shown=False),
    Row("stop", "Quit, from any field or dialog", "quit", shown=False, first=True),
    Row("palette", "Find an action, a segment, a study or a participant", "command_palette",
        first=True),
    Row("help", "See every key that works here"),
)  # fmt: skip

CONNECT = place(
    "mode", "connect", "Connect",
    Row("demo", "Try Panelist with fictional customers. Your data is not changed",
        name="Try the demo"),
    Row("copy", "Copy the address of Stripe's approval page", name="Copy address"),
    Row("disconnect", "Disconnect, after a question. Synced data is kept"),
)  # fmt: skip

STATUS = place(
    "mode", "status", "Status",
    REFRESH,
    Row("account", "Switch to another account", "app.accounts"),
)  # fmt: skip

SEGMENTS = place(
    "mode", "segments", "Segments",
    Row("search", "Search by name, email, ID or metadata, or with a filter"),
    Row("new", "Create a segment with a filter"),
    Row("save", "Save the current filter as a segment", "save_filter",
        name="Save as segment", first=True),
    EXPORT_PEOPLE,
    Row("why", "See why this participant is in a segment or not"),
    Row("history", "See who joined and left this segment, and its size over time"),
    Row("compare", "Compare this segment with another one"),
    Row("options", "Show the change since a week, a month or the last study", "since",
        name="Change since"),
    Row("copy", "Copy a detail of this participant, or open their page in Stripe's Dashboard"),
    Row("edit", "Change the name or the filter of this segment"),
    Row("delete", "Delete this segment, after a question"),
    Row("suppress", "Opt this participant out of every study, after a question"),
    Row("allow", "Allow invites to this participant again. You give a reason"),
    Row("erase", "Erase this participant in four hours, after a question. Press again to keep "
    "them"),
    REFRESH,
)  # fmt: skip

HISTORY = place(
    "screen", "history", "History of a segment",
    Row("week_before", "Go a week back", "walk(-7)"),
    Row("week_after", "Go a week forward", "walk(7)", shown=False),
    Row("month_before", "Go a month back", "walk(-30)", shown=False),
    Row("month_after", "Go a month forward", "walk(30)", shown=False),
    Row("options", "Choose the day to compare with", "date", name="Since…"),
    Row("invite", "Save this list as a segment and create a study for it"),
    Row("new", "Save this list as a segment", name="Save as segment"),
    EXPORT_PEOPLE,
    REFRESH,
    opener="segments.history",
)  # fmt: skip

COMPARE = place(
    "screen", "compare", "Compare segments",
    Row("compare", "Choose the other segment", name="Compare with"),
    Row("swap", "Swap A and B"),
    Row("invite", "Save this list as a segment and create a study for it"),
    Row("new", "Save this list as a segment", name="Save as segment"),
    EXPORT_PEOPLE,
    REFRESH,
    opener="segments.compare",
)  # fmt: skip

STUDIES = place(
    "mode", "studies", "Studies",
    Row("preview", "See who will be invited and who will not, then send"),
    Row("new", "Create a study"),
    Row("edit", "Edit the study's text, email and rules"),
    Row("segments", "Choose the segments that this study invites from"),
    Row("activate", "Activate or pause the study"),
    Row("log", "See each invite and its state"),
    Row("pause", "Pause or resume sending"),
    Row("undo", "Undo the last send, or withdraw what is still queued"),
    Row("remind", "Send one reminder to everyone who has not responded, after a question"),
    Row("test", "Send this email to yourself, marked TEST"),
    Row("trust", "Say whether this database is a copy, which blocks sending"),
    Row("sign_in", "Sign in to the mail server at Microsoft or Google"),
    Row("member", "Show the email for the next member"),
    Row("close", "Close the study, after a question. Deletes a draft, archives a closed study"),
    REFRESH,
)  # fmt: skip

PLAN = place(
    "screen", "plan", "Preview of a study",
    Row("invite", "Lock this list and review what will be sent. Nothing is sent yet"),
    Row("options", "Invite everyone, a batch or a random sample, or override a rule"),
    Row("export", "Export the members with this result to a file"),
    REFRESH,
    opener="studies.preview",
)  # fmt: skip

LOG = place(
    "screen", "log", "Invite log",
    Row("search", "Show only invites with this name, email or ID"),
    Row("mark", "Mark what happened with these invites"),
    Row("undo", "Undo the last mark of these invites", name="Undo mark"),
    Row("select", "Select this invite, so that you can act on several at once"),
    Row("state", "Show only invites in one state. Press again for the next state", name="State"),
    Row("scope", "Switch between all studies and this one"),
    Row("copy", "Copy the personal link. A queued invite then counts as handed over",
        name="Copy link"),
    Row("export", "Export these invites to a file"),
    Row("import", "Mark invites from a list of replies"),
    Row("log", "See who did what, when and from where", "ledger", name="Ledger"),
    Row("withdraw", "Withdraw these invites, after a question"),
    Row("suppress", "Opt these addresses out of every study, after a question"),
    Row("allow", "Allow invites to these addresses again. You give a reason"),
    opener="studies.log",
)  # fmt: skip

LEDGER = place(
    "screen", "ledger", "Ledger",
    Row("state", "Switch between all entries and this participant's", "person",
        name="Only this participant"),
    Row("export", "Export these entries to a file"),
    opener="log.log",
)  # fmt: skip

SCREENS: tuple[KeyContext, ...] = (
    CONNECT, STATUS, SEGMENTS, HISTORY, COMPARE, STUDIES, PLAN, LOG, LEDGER,
)  # fmt: skip
