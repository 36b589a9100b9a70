"""What the app does with what came of connecting: it asks, tells, and goes to Status."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.screen import ModalScreen

from app.screens.approving import Approving
from app.screens.connect import ConnectScreen
from app.screens.frame import Host, account_words
from app.screens.link import Link
from app.screens.lookout import Lookout
from app.screens.oauth_form import Page
from app.screens.place import Choice, PlaceDialog, Unlock
from app.text import plain
from app.widgets.dialog import Question
from app.widgets.words import Content, words


class Reception(Host):
    """The handlers of :class:`Link`'s and :class:`Approving`'s messages."""

    lookout: Lookout

    def on_link_checked(self, message: Link.Checked) -> None:
        report = message.report
        if not message.connected:
            account = account_words(report.account, report.account_name)
            lines = [
                words((" LIVE ", "bold reverse $error"), (f" account {account}", "bold")),
                words("Its real customers' names and emails will be copied to this computer."),
                words("Connect?"),
            ]
            if not self.put(lines, "Connect", self._answered):
                self._answered(False)
        missing = [one.label for one in report.permissions if not one.granted]
        if missing:
            self.tell(f"Not permitted: {', '.join(missing)}. Connect (1) says more.", problem=True)
        self.lookout.show()

    def _answered(self, yes: bool | None) -> None:
        if yes:
            self.link.confirm()
        else:
            self.link.forget()
            self.say("Not connected: a live account needs your yes.", problem=True)

    def on_link_refused(self, message: Link.Refused) -> None:
        self.lookout.note = message.text
        self.say(message.text, problem=True)
        if self.current_mode != "connect":
            self.tell(message.text, problem=True)
        self.lookout.show()

    def on_link_joined(self, message: Link.Joined) -> None:
        self.approving.stop()
        self.lookout.note, self.lookout.account = message.text, None
        self.say("")
        self.forget_secrets()
        if not message.resumed:
            self.go("status")
        if message.text and not message.resumed:
            self.tell(message.text, problem=True)
        self.lookout.show()

    def on_link_done(self, message: Link.Done) -> None:
        if message.said:
            text = " ".join(message.said)
            self.lookout.note = "" if self.link.running else text
            self.say(text)
            self.tell(text)
        if not self.link.running:
            self.approving.look()
        self.lookout.show()

    def on_link_homeless(self, message: Link.Homeless) -> None:
        if message.problem.kind == "locked":
            self.push_screen(Unlock(["Access to Stripe is locked.", str(message.problem)]),
                             self._unlocked)  # fmt: skip
        else:
            self.ask_place(str(message.problem))

    def _unlocked(self, passphrase: str | None) -> None:
        if passphrase is None:
            self.link.give_up()
            self.lookout.note = "Access is locked: give its passphrase to go on (1, Connect)."
            self.lookout.show()
        else:
            self.link.unlock(passphrase)

    def ask_place(self, why: str) -> None:
        if isinstance(self.screen, ModalScreen):
            self.link.give_up()
        else:
            self.push_screen(PlaceDialog(why), self._placed)

    def _placed(self, choice: Choice | None) -> None:
        if choice is None:
            self.link.give_up()
            self.say("No place was chosen, so nothing was connected or moved.", problem=True)
        else:
            self.link.choose(*choice)

    def ask_to_leave(self) -> None:
        connection = self.picture(fresh=True).view.connection
        if connection is None or connection.status == "disconnected":
            self.tell("Nothing is connected, so there is nothing to leave.")
            return
        account = account_words(connection.account, connection.account_name)
        lines = [
            words((f"Disconnect {account}?", "bold")),
            words("The access kept here is deleted, and taken back at Stripe where that is"
                  " possible. Nothing more is fetched."),
            words("Participants, segments and history stay on this computer."),
        ]  # fmt: skip

        def answered(yes: bool | None) -> None:
            if yes and not self.link.leave(connection):
                self.tell("Something else is under way; try again in a moment.", problem=True)

        self.put(lines, "Disconnect", answered)

    # Approving in the browser

    def on_approving_open(self, message: Approving.Open) -> None:
        self.say("Waiting for Stripe's answer.")
        for screen in self.connect_screens():
            mode = "live" if "/" in message.url and "state=live" in message.url else "test"
            screen.show_page(Page(mode, message.url, message.said, message.trouble))

    def on_approving_ready(self, message: Approving.Ready) -> None:
        if message.new:
            self.forget_secrets()
            self.say(f"Set up for {message.new} mode. Choose “Connect with Stripe” now.")
        self.lookout.show()

    def on_approving_uninvited(self, message: Approving.Uninvited) -> None:
        lines = [
            words(("An install was started in Stripe's Dashboard", "bold")),
            words("for account ", (plain(message.account), "bold"),
                  ", as the callback says; nobody asked for it here."),
            words("Accept it only if you or a colleague just did that. Connect this account?"),
        ]  # fmt: skip
        if not self.put(lines, "Accept", lambda yes: self.approving.answer_guest(bool(yes))):
            self.approving.answer_guest(False)

    # What the app gives

    def put(
        self, lines: Sequence[Content], yes: str, answer: Callable[[bool | None], None]
    ) -> bool:
        """Put a question, unless something is in front already."""
        if isinstance(self.screen, ModalScreen):
            return False
        self.push_screen(Question(lines, yes), answer)
        return True

    def go(self, mode: str) -> None:
        """Go to a mode."""
        raise NotImplementedError

    def connect_screens(self) -> list[ConnectScreen]:
        """The Connect screen, if it is there."""
        stack = self._screen_stacks.get("connect", ())
        return [one for one in stack if isinstance(one, ConnectScreen) and one.is_mounted]

    def say(self, text: str, problem: bool = False) -> None:
        """A sentence on Connect."""
        for screen in self.connect_screens():
            screen.say(text, problem)

    def forget_secrets(self) -> None:
        """Empty the fields of Connect."""
        for screen in self.connect_screens():
            screen.forget_secrets()
