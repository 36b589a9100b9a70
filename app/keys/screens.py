"""The actions of the app, of its modes, and of the screens that lie over a mode."""

from __future__ import annotations

from app.keys.actions import KeyContext, Row, place

REFRESH = Row("refresh", "Ask Stripe now what changed", "app.refresh_now")
EXPORT_PEOPLE = Row("export", "Write the people of this list to a file")

APP = place(
    "app", "app", "Everywhere",
    Row("go_connect", "Connect a Stripe account", "go('connect')", shown=False),
    Row("go_status", "See how far the sync is", "go('status')", shown=False),
    Row("go_segments", "See the segments and the people in them", "go('segments')", shown=False),
    Row("go_studies", "Invite people to studies", "go('studies')", shown=False),
    Row("tour", "Continue the demo's tour, or leave it", shown=False),
    Row("mask", "Hide names and emails on every screen, or show them", shown=False),
    Row("suspend", "Go to the shell. fg brings you back", "suspend_process", shown=False),
    Row("back", "Close what is on top", shown=False),
    Row("quit", "Quit. Synced data is kept", shown=False),
    Row("stop", "Quit, from any field or dialog", "quit", shown=False, first=True),
    Row("palette", "Find an action, a segment, a study or a person", "command_palette", first=True),
    Row("help", "See every key that works here, and what it does"),
)  # fmt: skip

CONNECT = place(
    "mode", "connect", "Connect",
    Row("demo", "Look around with made-up customers. Your data is not touched",
        name="Try the demo"),
    Row("copy", "Copy the address of Stripe's approval page", name="Copy address"),
    Row("disconnect", "Disconnect, after a question. What was fetched stays"),
)  # fmt: skip

STATUS = place(
    "mode", "status", "Status",
    REFRESH,
    Row("account", "Switch to another account", "app.accounts"),
)  # fmt: skip

SEGMENTS = place(
    "mode", "segments", "Segments",
    Row("search", "Show only people with this name, email, ID or metadata, or a filter's"),
    Row("new", "Create a segment with a filter"),
    Row("save", "Make a segment of the filter in the search line", "save_filter",
        name="Save as segment", first=True),
    EXPORT_PEOPLE,
    Row("why", "See why this person is in a segment or not"),
    Row("history", "See who joined and left this segment, and its size over time"),
    Row("compare", "Compare this segment with another one"),
    Row("options", "Show the change since a week, a month or the last study", "since",
        name="Change since"),
    Row("copy", "Copy a value of this person, or open them in Stripe's Dashboard"),
    Row("edit", "Change the name or the filter of this segment"),
    Row("delete", "Delete this segment, after a question"),
    Row("suppress", "Opt this person out of every study, after a question"),
    Row("allow", "Contact this person again, for a reason that you give"),
    Row("erase", "Erase this person in four hours, after a question. Again: keep them"),
    REFRESH,
)  # fmt: skip

HISTORY = place(
    "screen", "history", "History of a segment",
    Row("week_before", "Go a week back", "walk(-7)"),
    Row("week_after", "Go a week forward", "walk(7)", shown=False),
    Row("month_before", "Go a month back", "walk(-30)", shown=False),
    Row("month_after", "Go a month forward", "walk(30)", shown=False),
    Row("options", "Type the day to compare with", "date", name="Since…"),
    Row("invite", "Keep these people as a segment, and create a study for it"),
    Row("new", "Keep these people as a segment", name="Keep as segment"),
    EXPORT_PEOPLE,
    REFRESH,
    opener="segments.history",
)  # fmt: skip

COMPARE = place(
    "screen", "compare", "Two segments compared",
    Row("compare", "Compare with another segment", name="Compare with"),
    Row("swap", "Swap A and B"),
    Row("invite", "Keep these people as a segment, and create a study for it"),
    Row("new", "Keep these people as a segment", name="Keep as segment"),
    EXPORT_PEOPLE,
    REFRESH,
    opener="segments.compare",
)  # fmt: skip

STUDIES = place(
    "mode", "studies", "Studies",
    Row("preview", "See who will be invited and who will not, then send"),
    Row("new", "Create a study"),
    Row("edit", "Change what the study says, and its rules"),
    Row("segments", "Choose the segments that this study invites from"),
    Row("activate", "Activate the study, or pause it"),
    Row("log", "See each invite and what became of it"),
    Row("pause", "Pause what is being sent, or resume it"),
    Row("undo", "Withdraw everything that is still queued, after a question"),
    Row("remind", "Send one reminder to everyone who has not responded, after a question"),
    Row("test", "Send this email to yourself, marked TEST"),
    Row("trust", "Say what a database is that may be a copy, and therefore does not send"),
    Row("sign_in", "Sign in to the mail server at Microsoft or Google"),
    Row("member", "Show the email to the next member"),
    Row("close", "Close the study, after a question. A draft is deleted, a closed one archived"),
    REFRESH,
)  # fmt: skip

PLAN = place(
    "screen", "plan", "Preview of a study",
    Row("invite", "Lock this list and see what will be sent. Nothing is sent yet"),
    Row("options", "Invite everyone, a batch or a random sample, or override a rule"),
    Row("export", "Write the people with this result to a file"),
    REFRESH,
    opener="studies.preview",
)  # fmt: skip

LOG = place(
    "screen", "log", "Invite log",
    Row("search", "Show only invites with this name, address or ID"),
    Row("mark", "Record what became of these invites"),
    Row("undo", "Undo the last mark of these invites", name="Undo mark"),
    Row("select", "Select this invite, to act on several at once"),
    Row("state", "Show only invites in one state. Again: the next state", name="State"),
    Row("scope", "See the invites of all studies, or of one again"),
    Row("copy", "Copy the personal link. A queued invite then counts as handed over",
        name="Copy link"),
    Row("export", "Write these invites to a file"),
    Row("import", "Record what became of the people in a list"),
    Row("log", "See who did what, when and from where", "ledger", name="Ledger"),
    Row("withdraw", "Withdraw these invites, after a question"),
    Row("suppress", "Opt these people out of every study, after a question"),
    Row("allow", "Contact these addresses again, for a reason that you give"),
    opener="studies.log",
)  # fmt: skip

LEDGER = place(
    "screen", "ledger", "Ledger",
    Row("state", "Show only the entries about this person, or all again", "person",
        name="Only this person"),
    Row("export", "Write these entries to a file"),
    opener="log.log",
)  # fmt: skip

SCREENS: tuple[KeyContext, ...] = (
    CONNECT, STATUS, SEGMENTS, HISTORY, COMPARE, STUDIES, PLAN, LOG, LEDGER,
)  # fmt: skip
