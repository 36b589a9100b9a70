"""Records a fault in Panelist: one sentence for the person, a traceback in the log.

The traceback has no values of variables, because these hold keys and customers. It keeps the
exception's own text, without keys and emails.
"""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path

from app import paths
from app.text import plain, redacted


def record(error: BaseException, home: Path) -> str:
    """Write the fault to the log (0600). Returns a sentence for the person about it.

    It never raises: if the log cannot be written, the sentence says so.
    """
    file = paths.log_file(home)
    text = redacted("".join(traceback.format_exception(error)))
    stamp = time.strftime("%Y-%m-%d %H:%M:%S%z")
    try:
        paths.make_private(home)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "a", encoding="utf-8", errors="backslashreplace") as log:
            os.fchmod(handle, 0o600)  # an older log may have been made under another umask
            log.write(f"{stamp} fault\n{text}\n")
    except OSError as problem:
        return f"The log {plain(file)} could not be written ({plain(problem.strerror)})."
    return f"For details, see {plain(file)}"


def place(error: BaseException) -> str:
    """Where in the code an error was raised."""
    at = error.__traceback__
    while at and at.tb_next:
        at = at.tb_next
    return plain(f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}") if at else "nowhere"


def last_words(error: BaseException, home: Path | None) -> str:
    """The one line that a person sees when Panelist had to stop. ``home``: None if it is deleted
    now, with its log, as after the demo."""
    kind = plain(type(error).__name__)
    if home is None:
        return (
            f"The demo stopped because of a fault in Panelist ({kind} at {place(error)}). Please"
            " report this line."
        )
    return f"Panelist crashed ({kind}). Everything saved before is kept. {record(error, home)}"
