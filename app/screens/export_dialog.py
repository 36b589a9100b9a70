"""The dialog that exports a list to a file and shows the progress."""

from __future__ import annotations

import os
import re
import threading
import time
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.keys.dialogs import EXPORT
from app.panel.export.people import ExportSource, take
from app.panel.export.writer import AlreadyThere, OutputProblem, form_of
from app.text import plain
from app.widgets.bindings import bindings
from app.widgets.charts.sync_steps import bar
from app.widgets.content import Content, para, words
from app.widgets.dialog import DecisionDialog
from app.widgets.inputs import TextField
from app.widgets.lines.text_line import TextLine

REFRESH = 0.1  # seconds between two updates of the bar
BAR = 20
FORMS = {"csv": "CSV", "json": "JSON", "jsonl": "JSON lines"}


class _Stopped(Exception):
    """A person stopped the export."""


class ExportDialog(DecisionDialog["Path | None"]):
    """Asks for a file name and writes the list to the file. Returns the file, or None if nothing
    was exported. ``title`` names the list and may be foreign."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(EXPORT)
    NAMES: ClassVar[Mapping[str, str]] = {"field.open": "Export"}
    help_text = (
        "A name that ends in .jsonl is saved as JSON lines, in .json as JSON, and any other as "
        "CSV. Only you can read the file. Escape cancels."
    )

    class Written(Message):
        """The number of rows that are written, and the rate per second."""

        def __init__(self, number: int, rate: float) -> None:
            super().__init__()
            self.number, self.rate = number, rate

    class Ended(Message):
        """The export ended: all rows are written, or there was a problem."""

        def __init__(self, number: int = 0, problem: Exception | None = None) -> None:
            super().__init__()
            self.number, self.problem = number, problem

    def __init__(self, store: Store, source: ExportSource, title: str, *, masking: bool) -> None:
        super().__init__()
        self._store, self._source, self._masking = store, source, masking
        self._title = title
        self._stop = threading.Event()
        self._file: Path | None = None  # the file that is being written, or was
        self._done = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False, classes="export"):
            yield Static(para(self._about()))
            yield TextField("File name", id="export-file")
            yield TextLine(id="export-form")
            yield TextLine(id="export-said")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Replace (ctrl+r)", id="replace", variant="error")
                yield Button("Export (Enter)", id="write", variant="primary")

    def _about(self) -> list[Content]:
        source = self._source
        masked = (
            "Masked: names, emails, phone numbers and metadata values are hidden."
            if self._masking
            else "Not masked. Close this and press M to mask."
        )
        return [
            words(
                (f"Export {source.counted(source.number)}", "bold"),
                f": {plain(self._title, 60)}",
            ),
            words("The file contains personal data. Only you can read it."),
            words((masked, "bold" if self._masking else "$muted")),
        ]

    def on_mount(self) -> None:
        self._offer_to_replace(False)
        field = self.query_one(TextField)
        field.value = f"{file_name(self._title)}-{time.strftime('%Y-%m-%d')}.csv"
        field.focus()

    def on_unmount(self) -> None:
        self._stop.set()

    # The file name

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        form = FORMS[form_of(event.value.strip())]
        self.query_one("#export-form", TextLine).show(
            words(("as ", "$muted"), form, (". Press ctrl+t to change it", "$muted"))
        )
        self._offer_to_replace(False)

    def action_form(self) -> None:
        """Change between CSV and JSON lines by the ending of the name."""
        field = self.query_one(TextField)
        if self._file is None:
            ending = ".jsonl" if form_of(field.value.strip()) == "csv" else ".csv"
            stem = re.sub(r"\.(csv|jsonl|ndjson|json)\s*$", "", field.value, flags=re.IGNORECASE)
            field.value = stem + ending

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._begin(replace=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "cancel":
            self.action_cancel()
        else:
            self._begin(replace=event.button.id == "replace")

    def action_replace(self) -> None:
        """Replace the file that is there."""
        if self.query_one("#replace").display:
            self._begin(replace=True)

    def _offer_to_replace(self, replacing: bool) -> None:
        self.query_one("#replace").display = replacing

    # Writing

    def _begin(self, *, replace: bool) -> None:
        name = self.query_one(TextField).value.strip()
        if self._file is not None or self.deaf:
            return
        if not name:
            self._say(words(("✗ Give the file a name.", "$never")))
            return
        self._file = Path(os.path.abspath(os.path.expanduser(name)))
        self._offer_to_replace(False)
        self._busy(True)
        self._show(0, 0)
        self._write(str(self._file), replace)

    def _busy(self, busy: bool) -> None:
        self.query_one(TextField).disabled = busy
        self.query_one("#write").display = not busy
        (self.query_one("#cancel") if busy else self.query_one(TextField)).focus()

    @work(thread=True)
    def _write(self, file: str, replace: bool) -> None:
        started = last = time.monotonic()

        def show_progress(number: int) -> None:
            nonlocal last
            if self._stop.is_set():
                raise _Stopped
            now = time.monotonic()
            if now - last >= REFRESH:
                last = now
                self.post_message(self.Written(number, number / (now - started)))

        try:
            number = take(
                self._source, file, form_of(file),
                masking=self._masking, replace=replace, told=show_progress,
            )  # fmt: skip
            self.post_message(self.Ended(number))
        except _Stopped:
            pass
        except (OutputProblem, DatabaseProblem) as problem:
            self.post_message(self.Ended(problem=problem))
        finally:
            self._store.close()

    @on(Written)
    def _written(self, message: Written) -> None:
        message.stop()
        self._show(message.number, message.rate)

    def _show(self, number: int, rate: float) -> None:
        total = self._source.number
        speed = f", {rate:,.0f}/s" if rate else ""
        drawn = bar(number, total, BAR, "$primary")
        self._say(words(drawn, f" {number:,} of {total:,}{speed}"))

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        message.stop()
        if message.problem is None:
            self._done = True
            written = self._source.counted(message.number)
            self._say(words(("✓ ", "$completed"), f"Exported {written} to {self._file}"))
            self.query_one("#cancel", Button).label = "Close"
            return
        self._file = None
        self._busy(False)
        self._say(words((f"✗ {message.problem}", "$never")))
        self._offer_to_replace(isinstance(message.problem, AlreadyThere))

    def _say(self, said: Content) -> None:
        self.query_one("#export-said", TextLine).show(said)

    def action_cancel(self) -> None:
        """Stop and leave no file, or close when everything is written."""
        if self.is_current:
            self._stop.set()
            self.dismiss(self._file if self._done else None)


def file_name(title: str) -> str:
    """A list's name as a part of a file name: "active-subscribers"."""
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters)[:60].strip("-") or "people"
