"""Draws a screen of the app without a terminal, and saves it."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import closing
from pathlib import Path

from app.commands.shared.exit_codes import DONE, WrongUse
from app.commands.shared.near_names import did_you_mean
from app.db.engines.store_factory import open_store
from app.panel.export.writer import STDOUT, writing
from app.settings import load
from app.text import plain


def save_picture(options: argparse.Namespace) -> int:
    """Save the picture, which has its colours whatever this terminal can show."""
    settings = load()
    os.environ["COLORTERM"] = "truecolor"
    os.environ.pop("NO_COLOR", None)
    from app.screens.screen_picture import picture
    from app.tui import PanelistApp

    file = options.output or f"panelist-{options.screen}.svg"
    with closing(open_store(settings)) as store, writing(file, replace=options.replace) as out:
        app = PanelistApp(store, settings, still=options.screen)
        if options.theme is not None:
            if options.theme not in app.available_themes:
                names = sorted(app.available_themes)
                meant = did_you_mean(options.theme, names) or f" Use {', '.join(names)}."
                raise WrongUse(
                    f"Unknown theme {plain(options.theme, 60)!r}.{meant} Nothing was saved."
                )
            app.theme = options.theme
        out.write(asyncio.run(picture(app, options.size)))
    if file != STDOUT:
        print(f"The picture was saved to {plain(Path(os.path.realpath(file)))}, masked.")
    return DONE
