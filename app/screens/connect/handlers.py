"""The app's handlers of what connecting brought, and its questions before leaving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.screen import ModalScreen

from app.screens.base import Host, account_words
from app.services.messages import (
    AccessChecked,
    ConnectionRefused,
    InstallReceived,
    OAuthReady,
    StepDone,
    SyncStarted,
    TokenStoreNeeded,
)
from app.text import plain
from app.widgets.content import words
from app.widgets.dialog import QuestionDialog

if TYPE_CHECKING:
    from app.screens.connect.screen import ConnectScreen
    from app.screens.connect.token_store_dialog import Choice


class ConnectionHandlers(Host):
    """The handlers of :class:`StripeConnection`'s and :class:`OAuthApproval`'s messages."""

    _dialogs: list[Callable[[], None]]  # dialogs that wait for the one in front
    _install_open = False  # a person is being asked about an install

    def on_access_checked(self, message: AccessChecked) -> None:
        report = message.report
        if not message.connected:
            account = account_words(report.account, report.account_name)
            lines = [
                words((" LIVE ", "bold reverse $never"), (f" account {account}", "bold")),
                words("Its real customers' names and emails will be copied to this computer."),
                words("Connect?"),
            ]

            def answered(yes: bool | None) -> None:
                if yes:
                    self.stripe.confirm(report)
                else:
                    self.stripe.forget(report)
                    self.say("Not connected. You did not accept the live account.", problem=True)

            self.open_dialog(QuestionDialog(lines, "Connect"), answered)
        missing = [one.label for one in report.permissions if not one.granted]
        if missing:
            self.tell(f"Not permitted: {', '.join(missing)}. Press 1 for details.", problem=True)
        self.refresher.show()

    def on_connection_refused(self, message: ConnectionRefused) -> None:
        self.refresher.note = message.text
        self.say(message.text, problem=True)
        for screen in self.connect_screens():
            screen.focus_field(message.field)
        if self.current_mode != "connect":
            self.tell(message.text, problem=True)
        if not message.fault:
            self.oauth.reload()
        self.refresher.show()

    def on_sync_started(self, message: SyncStarted) -> None:
        self.oauth.stop()
        self.oauth.reload()
        self.refresher.note, self.refresher.account = "", None
        self.say("")
        self.forget_secrets()
        # Someone who went on in the meantime stays where they are.
        new = not message.resumed and self.current_mode == "connect"
        if new and not isinstance(self.screen, ModalScreen):
            self.go("status")
        self.refresher.show()

    def on_step_done(self, message: StepDone) -> None:
        text = " ".join(message.said)
        if text:
            self.say(text)
        if text and self.current_mode != "connect":
            self.tell(text)
        if message.left:
            self.refresher.note = text
        self.oauth.reload()
        self.refresher.show()

    # Credential storage

    def on_token_store_needed(self, message: TokenStoreNeeded) -> None:
        why = str(message.problem)
        self.refresher.note = why
        self.say(why, problem=True)
        if message.problem.kind in ("locked", "wrong passphrase"):
            from app.screens.connect.token_store_dialog import UnlockDialog

            self.open_dialog(UnlockDialog(why), self._unlocked)
        else:
            keyring = message.lost or message.problem.kind != "unavailable"
            self.ask_for_storage(why, lost=message.lost, keyring=keyring)
        self.refresher.show()

    def _unlocked(self, passphrase: str | None) -> None:
        if passphrase is None:
            self.stripe.give_up()
            self.refresher.note = "Credentials are locked. Press 1 to unlock them."
            self.say("Credentials are still locked. Nothing was changed.", problem=True)
            self.oauth.reload()
            self.refresher.show()
        elif not passphrase:  # forgotten
            self.ask_for_storage("The file cannot be opened without its passphrase.", lost=True)
        else:
            self.stripe.unlock(passphrase)

    def ask_for_storage(self, why: str, *, lost: bool = False, keyring: bool = True) -> None:
        from app.screens.connect.token_store_dialog import TokenStoreDialog

        def chosen(choice: Choice | None) -> None:
            if choice is None:
                self.stripe.give_up()
                self.say(
                    "You did not choose a storage. Nothing was connected or moved.", problem=True
                )
                self.oauth.reload()
            else:
                self.stripe.choose(*choice, anew=lost)

        self.open_dialog(TokenStoreDialog(why, lost=lost, keyring=keyring), chosen)

    def action_accounts(self) -> None:
        """Choose the account whose participants are shown."""
        from app.screens.connect.accounts_dialog import AccountsDialog

        shown = self.snapshot(fresh=True).view.connection
        if not self.refresher.known:
            self.tell("No account is connected. Press 1 to connect one.")
        elif not isinstance(self.screen, ModalScreen):
            self.open_dialog(
                AccountsDialog(self.refresher.known, shown.id if shown else None),
                self._show_account,
            )

    def _show_account(self, connection: int | None) -> None:
        if connection is not None:
            self.refresher.account = connection
            self.refresher.show()

    def ask_to_leave(self) -> None:
        connection = self.snapshot(fresh=True).linked
        if connection is None:
            self.tell("No account is connected.")
            return
        account = account_words(connection.account, connection.account_name)
        lines = [
            words((f"Disconnect {account} ({connection.mode})?", "bold")),
            words("Panelist deletes its credentials, here and at Stripe, and stops syncing."),
            words("Participants, segments and history stay on this computer."),
        ]  # fmt: skip

        def answered(yes: bool | None) -> None:
            if yes and not self.stripe.disconnect(connection):
                self.tell("Panelist is busy. Try again in a moment.", problem=True)

        if not isinstance(self.screen, ModalScreen):
            self.open_dialog(QuestionDialog(lines, "Disconnect"), answered)

    # Approving in the browser

    def on_approval_opened(self) -> None:
        self.say("")
        self.refresher.show()

    def on_oauth_ready(self, message: OAuthReady) -> None:
        if message.new:
            self.forget_secrets()
            for screen in self.connect_screens():
                screen.choose(f"oauth-{message.new.lower()}")
            self.say(f"OAuth is set up for {message.new} mode. Enter opens Stripe's approval page.")
        self.refresher.show()

    def on_install_received(self, message: InstallReceived) -> None:
        if self._install_open:  # any page can bring these, so one at a time is enough
            self.tell(
                "Another install was started in the meantime and was not accepted.", problem=True
            )
            return
        lines = [
            words(("An install was started in Stripe's Dashboard", "bold")),
            words("for account ", (plain(message.heard.account), "bold"),
                  ", as the redirect says. It was not started here."),
            words("Accept it only if you or a colleague just did that. Connect this account?"),
        ]  # fmt: skip

        def answered(yes: bool | None) -> None:
            self._install_open = False
            if yes:
                self.say("Checking with Stripe…")
                self.oauth.accept(message.app, message.heard)
            else:
                self.say("The install was not accepted. Its code was not used.")

        self._install_open = True
        self.open_dialog(QuestionDialog(lines, "Accept"), answered)

    # Dialogs and screens

    def open_dialog(self, dialog: ModalScreen[Any], answer: Callable[[Any], None]) -> None:
        """Show a dialog, after the one in front if there is one."""
        if isinstance(self.screen, ModalScreen):
            self._dialogs.append(partial(self.open_dialog, dialog, answer))
        else:
            self.push_screen(dialog, answer)

    def open_next_dialog(self) -> None:
        if self._dialogs and not isinstance(self.screen, ModalScreen):
            self._dialogs.pop(0)()

    def go(self, mode: str) -> None:
        """Go to a mode."""
        raise NotImplementedError

    def connect_screens(self) -> Sequence[ConnectScreen]:
        """The Connect screen, if it was opened."""
        stack = self._screen_stacks.get("connect", ())
        if not stack:
            return []
        from app.screens.connect.screen import ConnectScreen  # the first frame may be another's

        return [one for one in stack if isinstance(one, ConnectScreen) and one.is_mounted]

    def say(self, text: str, problem: bool = False) -> None:
        """Show a sentence on the Connect screen."""
        for screen in self.connect_screens():
            screen.say(text, problem)

    def forget_secrets(self) -> None:
        """Empty the fields of the Connect screen."""
        for screen in self.connect_screens():
            screen.forget_secrets()

    # Leaving

    async def action_quit(self) -> None:
        connection = self.snapshot(fresh=True).linked
        running = []
        if self.stripe.running and connection is not None and connection.status != "complete":
            running.append("A sync is running. It continues from here next time.")
        if self.sending.busy:
            running.append("Invites are being sent or are scheduled. The rest stays queued.")
        if not running:
            self.exit()
        elif not isinstance(self.screen, QuestionDialog):
            line = words(f"{' '.join(running)} Quit?")
            self.push_screen(
                QuestionDialog([line], "Quit"), lambda yes: self.exit() if yes else None
            )
