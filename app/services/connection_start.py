"""How the app connects by itself when it starts, which may be before the network."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.message import Message

from app.db.errors import DatabaseProblem
from app.services.messages import ConnectionRefused, StepDone

if TYPE_CHECKING:
    from app.services.connection import StripeConnection
    from app.services.context import Context
    from app.sync.service import SyncService

PAUSE, LONGEST = 2.0, 60.0  # seconds until the next try: at first, and at most


class ConnectionStart:
    """Connects with the key of the settings, or else with the stored access of the connected
    account. If Stripe or the database cannot be reached, it says so once and tries again until they
    can, or until a person decides something else."""

    def __init__(self, context: Context, stripe: StripeConnection) -> None:
        self._context, self._stripe = context, stripe
        self._pause, self._told = PAUSE, ""
        self._decisions = stripe.decisions

    def begin(self) -> None:
        """Try to connect, after the steps that wait."""
        self._stripe.work(self._step, patient=True)

    def _step(self, service: SyncService) -> Message:
        from app.sync.service import PROBLEMS

        if self._stripe.running or self._stripe.decisions != self._decisions:
            return StepDone([])
        try:
            return self._connect(service)
        except PROBLEMS as problem:
            if not may_pass(problem):
                raise
            text = f"{problem} Panelist tries again automatically."
        with suppress(RuntimeError):  # the app has ended
            self._context.call_from_thread(self._context.set_timer, self._pause, self.begin)
        self._pause = min(LONGEST, self._pause * 2)
        if text == self._told:
            return StepDone([])
        self._told = text
        return ConnectionRefused(text)

    def _connect(self, service: SyncService) -> Message:
        key = self._context.settings.stripe_key
        if key:
            return self._stripe.by_key(service, key, keep=False)
        return self._stripe.resume(service)


def may_pass(problem: Exception) -> bool:
    """Whether a problem may be over without a person: a network or a database that is away."""
    kind = getattr(problem, "kind", None)
    return isinstance(problem, DatabaseProblem) or getattr(kind, "value", kind) == "unreachable"
