"""Taking the people of a list out into a file, with how far it is, once."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from app.db.errors import DatabaseProblem
from app.db.store import Store
from app.panel.lists import Ids
from app.panel.taking import OutputProblem, take
from app.widgets.dialog import Deciding
from app.widgets.field import Field
from app.widgets.line import Line
from app.widgets.words import para, words


class _Stopped(Exception):
    """A person stopped it."""


class TakeOut(Deciding["Path | None"]):
    """Asks for a file's name and writes the list to it; answers with the file, None: nothing was
    taken out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="taking.cancel", tooltip="Stop; no file is left"),
    ]
    help_text = (
        "A name that ends in .jsonl is written as JSON lines, any other as CSV. Only you can read"
        " the file. Escape stops, and leaves no file."
    )

    class Written(Message):
        """So many people are written; at the end with what is to be said of it."""

        def __init__(self, number: int, done: bool = False, problem: str = "") -> None:
            super().__init__()
            self.number, self.done, self.problem = number, done, problem

    def __init__(
        self, store: Store, connection_id: int, ids: Ids, segment: str, *, masking: bool
    ) -> None:
        super().__init__()
        self._store, self._connection_id = store, connection_id
        self._ids, self._segment, self._masking = ids, segment, masking
        self._stop = threading.Event()
        self._file: Path | None = None  # that is being written

    def compose(self) -> ComposeResult:
        name = re.sub(r"[^a-z0-9]+", "-", self._segment.lower()).strip("-")
        hidden = " Names, emails and phones are masked." if self._masking else ""
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(
                para(
                    [
                        words((f"Take out {len(self._ids):,} people", "bold")),
                        words(f"Personal data leaves the panel into a file.{hidden}"),
                    ]
                )
            )
            yield Field("the file's name", id="taking-file")
            yield Line(id="taking-said")
            keys = words(("Enter", "bold"), " writes it; ", ("escape", "bold"), " stops.")
            yield Static(para([keys]), classes="keys")
        self._proposed = f"{name or 'people'}-{time.strftime('%Y-%m-%d')}.csv"

    def on_mount(self) -> None:
        field = self.query_one(Field)
        field.value = self._proposed
        field.focus()

    def on_unmount(self) -> None:
        self._stop.set()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        name = event.value.strip()
        if not name or self._file is not None or self.deaf:
            return
        self._file = Path(name).expanduser().absolute()
        self._say("Writing…")
        self._write(str(self._file))

    def _say(self, text: str, *, problem: bool = False) -> None:
        line = words((f"✗ {text}", "$error")) if problem else words(text)
        self.query_one("#taking-said", Line).show(line)

    @work(thread=True)
    def _write(self, file: str) -> None:
        def told(number: int) -> None:
            if self._stop.is_set():
                raise _Stopped
            self.post_message(self.Written(number))

        problem = ""
        try:
            take(
                self._store, self._connection_id, self._ids, self._segment, file,
                masking=self._masking, told=told,
            )  # fmt: skip
        except _Stopped:
            return
        except (OutputProblem, DatabaseProblem) as error:
            problem = str(error)
        finally:
            self._store.close()
        self.post_message(self.Written(len(self._ids), done=True, problem=problem))

    @on(Written)
    def _written(self, message: Written) -> None:
        if message.problem:
            self._file = None
            self._say(message.problem, problem=True)
        elif not message.done:
            share = message.number / max(1, len(self._ids))
            self._say(f"{message.number:,} of {len(self._ids):,} ({share:.0%})")
        elif self.is_current:
            self.dismiss(self._file)

    def action_cancel(self) -> None:
        """Stop; a file that is not whole goes away."""
        if self.is_current:
            self._stop.set()
            self.dismiss(None)
