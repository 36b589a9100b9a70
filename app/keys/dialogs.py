"""The actions of dialogs, forms, lists and fields."""

from __future__ import annotations

from app.keys.actions import KeyContext, Row, place

CANCEL = Row("back", "Close this without changes", "cancel", name="Cancel")
CLOSE = Row("back", "Close this", "cancel", name="Close")

DIALOG = place(
    "dialog", "dialog", "In every dialog",
    Row("help", "See every key that works here", "app.help"),
    Row("suspend", "Suspend the app. Type fg to come back", "app.suspend_process", shown=False),
)  # fmt: skip

QUESTION = place(
    "dialog", "question", "Question",
    Row("yes", "Confirm", "answer(True)"),
    Row("no", "Cancel without changes", "answer(False)"),
    Row("back", "Cancel without changes", "answer(False)", name="Cancel"),
    Row("left", "Go to the button on the left", "app.focus_previous", "Other button", shown=False),
    Row("right", "Go to the button on the right", "app.focus_next", "Other button", shown=False),
)  # fmt: skip
TRUST = place(
    "dialog", "trust", "Trust a database",
    Row("moved", "Confirm that it was moved and that no copy of it sends", "answer('moved')"),
    Row("copied", "Confirm that it is a restored copy, or one of two", "answer('copy')"),
    Row("back", "Answer later", "cancel", name="Cancel"),
    Row("down", "Scroll down", "scroll(1)", "Scroll down", shown=False),
    Row("up", "Scroll up", "scroll(-1)", shown=False),
)  # fmt: skip
HELP = place(
    "dialog", "help", "All keys",
    Row("open", "Run the current action", "screen.run", "Run"),
    Row("back", "Close this", "screen.cancel", "Close"),
)  # fmt: skip
EXPORT = place(
    "dialog", "export", "Export",
    Row("form", "Switch between CSV and JSON lines", name="CSV or JSON"),
    Row("replace", "Replace the existing file"),
    Row("back", "Cancel. No file is kept", "cancel", name="Cancel"),
)  # fmt: skip
COPY = place(
    "dialog", "copy", "Copy",
    Row("copy", "Copy the current line", "copy_current"),
    Row("options", "Open the participant's page in Stripe's Dashboard", "open", "Open in browser"),
    CLOSE,
)  # fmt: skip
WHY = place("dialog", "why", "Why", Row("why", "Close this", "cancel", "Close", shown=False), CLOSE)
PICK = place(
    "dialog", "pick", "Choose a segment",
    Row("back", "Close without choosing", "cancel", name="Cancel"),
)  # fmt: skip
SEGMENT_FORM = place(
    "dialog", "segment-form", "Segment",
    Row("save", "Save the segment", first=True),
    Row("back", "Close the form without saving", "cancel", name="Cancel"),
)  # fmt: skip
AUDIENCE = place(
    "dialog", "audience", "Segments of a study",
    Row("select", "Include this segment, or stop including it", "include", "Include"),
    Row("exclude", "Exclude this segment, or stop excluding it"),
    Row("open", "Save these segments", "save", "Save", shown=False),
    Row("save", "Save these segments"),
    CANCEL,
)  # fmt: skip
STUDY_FORM = place(
    "dialog", "study-form", "Study",
    Row("save", "Save the study", first=True),
    Row("look", "Switch between the fields and the email", "preview", first=True),
    Row("editor", "Edit the text in your editor, set by VISUAL or EDITOR", first=True),
    Row("back", "Close the form without saving", "cancel", name="Cancel"),
)  # fmt: skip
PLAN_OPTIONS = place(
    "dialog", "plan-options", "Options of a preview",
    Row("save", "Preview with these options", name="Preview", first=True),
    CANCEL,
)  # fmt: skip
CONFIRM = place(
    "dialog", "confirm", "Send invites",
    Row("down", "Scroll down", "scroll(1)", "Scroll down"),
    Row("up", "Scroll up", "scroll(-1)", shown=False),
    Row("page_down", "Scroll down a page", "scroll(10)", shown=False),
    Row("page_up", "Scroll up a page", "scroll(-10)", shown=False),
    Row("look", "Send before the first sync is complete", "override",
        "Send during the first sync", shown=False),
    Row("back", "Send nothing", "cancel", name="Cancel"),
)  # fmt: skip
TEST_MAIL = place("dialog", "test-mail", "Test email", Row("back", "Close this", "cancel", "Close"))
SIGN_IN = place(
    "dialog", "sign-in", "Sign in to the mail server",
    Row("copy", "Copy the address of the page"),
    Row("back", "Cancel the sign-in", "cancel", name="Cancel"),
)  # fmt: skip
MARK = place("dialog", "mark", "Mark invites", CANCEL)
MARK_LIST = place(
    "dialog", "mark-list", "Import marks",
    Row("save", "Find the invites of the list. You confirm before anything changes",
        "match", "Mark…", first=True),
    Row("form", "Choose the mark", "mark", "Mark as", first=True),
    Row("back", "Close this", "cancel", "Close", first=True),
)  # fmt: skip
REASON = place("dialog", "reason", "Reason", CANCEL)
ACCOUNTS = place("dialog", "accounts", "Accounts", CANCEL)
TOKEN_STORE = place("dialog", "storage", "Credential storage", CANCEL)
UNLOCK = place(
    "dialog", "unlock", "Passphrase",
    Row("back", "Continue without the passphrase", "cancel", "Cancel"),
)  # fmt: skip

TABLE = place(
    "list", "table", "Lists",
    Row("open", "Open the current row", "choose"),
    Row("down", "Go down a row", "move(1)", shown=False),
    Row("up", "Go up a row", "move(-1)", shown=False),
    Row("page_down", "Go down a page", "page(1)", shown=False),
    Row("page_up", "Go up a page", "page(-1)", shown=False),
    Row("half_down", "Go down half a page", "page(0.5)", shown=False),
    Row("half_up", "Go up half a page", "page(-0.5)", shown=False),
    Row("first", "Go to the first row", shown=False),
    Row("last", "Go to the last row", shown=False),
    Row("right", "Show the columns on the right", "columns(1)", shown=False),
    Row("left", "Show the columns on the left", "columns(-1)", shown=False),
    Row("sort_before", "Sort by the previous column", "sort(-1)", shown=False),
    Row("sort_after", "Sort by the next column", "sort(1)", shown=False),
)  # fmt: skip
ROWS = place(
    "list", "rows", "Text",
    Row("down", "Go down a line", "scroll_down", shown=False),
    Row("up", "Go up a line", "scroll_up", shown=False),
    Row("page_down", "Go down a page", shown=False),
    Row("page_up", "Go up a page", shown=False),
    Row("half_down", "Go down half a page", "half_page(1)", shown=False),
    Row("half_up", "Go up half a page", "half_page(-1)", shown=False),
    Row("first", "Go to the beginning", "scroll_home", shown=False),
    Row("last", "Go to the end", "scroll_end", shown=False),
)  # fmt: skip
GROUPS = place(
    "list", "groups", "Groups",
    Row("open", "Go to the participants of this group", "enter", "To the list"),
    Row("down", "Go to the next group", "move(1)", shown=False),
    Row("up", "Go to the previous group", "move(-1)", shown=False),
    Row("first", "Go to the first group", "move(-99)", shown=False),
    Row("last", "Go to the last group", "move(99)", shown=False),
)  # fmt: skip
CHART = place(
    "list", "chart", "Charts",
    Row("open", "Go to the participants of this day", "enter", "To the list"),
    Row("left", "Go to the day before", "walk(-1)", "A day earlier"),
    Row("right", "Go to the day after", "walk(1)", "A day later"),
    Row("first", "Go to the first day", "walk(-99999)", shown=False),
    Row("last", "Go to today", "walk(99999)", shown=False),
)  # fmt: skip
CHOICES = place(
    "list", "choices", "Choices",
    Row("open", "Choose the current choice", "select", "Choose"),
    Row("down", "Go to the next choice", "cursor_down", shown=False),
    Row("up", "Go to the previous choice", "cursor_up", shown=False),
    Row("first", "Go to the first choice", shown=False),
    Row("last", "Go to the last choice", shown=False),
)  # fmt: skip
FIELD = place(
    "field", "field", "Field",
    Row("open", "Use what you typed", "submit", "Continue"),
    Row("back", "Leave this field", "leave", "Cancel"),
)  # fmt: skip
SELECT = place(
    "field", "choice", "Choice",
    Row("open", "Open the choices, or use the current one", name="Choose"),
    Row("select", "Open the choices, or use the current one", "open", "Choose", shown=False),
    Row("down", "Go to the next choice", "move(1)", shown=False),
    Row("up", "Go to the previous choice", "move(-1)", shown=False),
    Row("back", "Close the choices", "close", name="Close"),
)  # fmt: skip
TOGGLE = place(
    "field", "toggle", "Switch",
    Row("open", "Switch it on or off", "switch", "Switch"),
    Row("select", "Switch it on or off", "switch", "Switch", shown=False),
)  # fmt: skip
FILTER = place(
    "field", "filter", "Filter",
    Row("open", "Go to the list", "submit", "To the list"),
    Row("to_list", "Choose the next suggestion. After the last, go to the list", "next",
        "Next suggestion", shown=False),
    Row("complete", "Use the chosen suggestion. Without one, go to the next field"),
    Row("earlier", "Choose the suggestion before, or bring back an earlier filter"),
    Row("back", "Clear the filter. Press again to leave it", "clear", "Clear"),
)  # fmt: skip

DIALOGS: tuple[KeyContext, ...] = (
    DIALOG, QUESTION, TRUST, HELP, EXPORT, COPY, WHY, PICK, SEGMENT_FORM, AUDIENCE, STUDY_FORM,
    PLAN_OPTIONS, CONFIRM, TEST_MAIL, SIGN_IN, MARK, MARK_LIST, REASON, ACCOUNTS, TOKEN_STORE,
    UNLOCK,
)  # fmt: skip
LISTS = (TABLE, ROWS, GROUPS, CHART, CHOICES)
FIELDS = (FIELD, SELECT, TOGGLE, FILTER)
