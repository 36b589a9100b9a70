"""What the keys do that work on every screen."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from app.screens.base import Host, PanelistScreen

if TYPE_CHECKING:
    from app.screens.help_dialog import HelpEntry
    from app.screens.tour import Tour


class AppActions(Host):
    """The actions of the app. Their dialogs are imported when they are first opened."""

    @cached_property
    def tour(self) -> Tour:
        """The tour of the demo, and the first steps with an account."""
        from app.screens.tour import Tour  # after the first frame

        return Tour(self)

    def follow_tour(self) -> None:
        """Have the tour see what was done."""
        self.tour.look()

    async def action_back(self) -> None:
        """Close the thing on top. At the top level of a mode nothing is to be closed."""
        if isinstance(self.screen, PanelistScreen):
            self.screen.back()

    def action_tour(self) -> None:
        """Continue the tour of the demo, or leave it."""
        self.tour.toggle()

    def action_command_palette(self) -> None:
        """Open the palette. It is imported then, because it is slow to import."""
        from app.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_mask(self) -> None:
        """Hide or show names and emails on every screen."""
        self.masking = not self.masking
        self.remembered.set("masking", "yes" if self.masking else "")
        self.redraw()

    def action_save_picture(self) -> None:
        """Save a masked picture of the screen."""
        from app.screens.screen_picture import save_masked

        save_masked(self)

    def action_refresh_now(self) -> None:
        """Ask Stripe for changes now, or say why that is impossible."""
        engine = self.stripe.engine
        if engine is not None and engine.running:
            engine.ask_now()
            self.tell(
                "Checking Stripe for changes."
                if self.stripe.syncing
                else "Asked the syncing Panelist to check."
            )
        else:
            why = "No sync is running. Press 1 to connect."
            self.tell(self.refresher.note or why, problem=True)

    def action_help(self) -> None:
        """Show every action that works now, or close the list of them."""
        from app.screens.help_dialog import HelpDialog, help_entries, help_texts

        screen = self.screen
        if isinstance(screen, HelpDialog):
            screen.action_cancel()
        else:
            self.push_screen(HelpDialog(help_texts(screen), help_entries(screen)), self._run_entry)

    def _run_entry(self, entry: HelpEntry | None) -> None:
        if entry is not None:
            self.call_later(self.run_action, entry.action, entry.node)
