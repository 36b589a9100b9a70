"""The account's events. Each change makes one, which shows a little later and lasts 30 days."""

import copy
import random
from fnmatch import fnmatchcase

from app.sandbox.world.object_table import ObjectTable
from app.sandbox.world.seeded import Ids, Obj, base62
from app.sandbox.world.versions import ACCOUNT_DEFAULT, as_of_2022

RETENTION_SECONDS = 30 * 86400

TYPES = (
    *(f"customer.{change}" for change in ("created", "updated", "deleted")),
    *(
        f"customer.subscription.{change}"
        for change in (
            "created",
            "updated",
            "deleted",
            "paused",
            "resumed",
            "pending_update_applied",
            "pending_update_expired",
            "trial_will_end",
        )
    ),
    *(f"product.{change}" for change in ("created", "updated", "deleted")),
    *(f"price.{change}" for change in ("created", "updated", "deleted")),
)


class Events(ObjectTable):
    """The events by number, in the order of their creation.

    An event becomes visible up to `lag` seconds after its creation, so it may appear behind newer
    ones. `duplicates` is the share of changes that make two events, of which
    docs.stripe.com/webhooks warns.
    """

    kind = "event"

    def __init__(self, ids: Ids, seed: int, lag: float, livemode: bool) -> None:
        super().__init__(ids)
        self.lag, self.duplicates = lag, 0.0
        self._visible: list[float] = []
        self._rng, self._livemode = random.Random(f"{seed}/events"), livemode

    def emit(self, event_type: str, shown: Obj, now: float, previous: Obj | None = None) -> None:
        """Add an event about an object, with a snapshot of it at the account's API version."""
        data: Obj = {"object": copy.deepcopy(as_of_2022(shown))}
        if previous is not None:
            data["previous_attributes"] = copy.deepcopy(previous)
        request = {"id": f"req_{base62(self._rng.getrandbits(83))}", "idempotency_key": None}
        for _ in range(2 if self._rng.random() < self.duplicates else 1):
            _, identifier, created = self.next(int(now))
            self._visible.append(now + self._rng.uniform(0, self.lag))
            event: Obj = {
                "id": identifier,
                "object": "event",
                "api_version": ACCOUNT_DEFAULT,
                "created": created,
                "data": data,
                "livemode": self._livemode,
                "pending_webhooks": 0,
                "request": request,
                "type": event_type,
            }
            self.add(event, created)

    def visible(self, n: int, now: float) -> bool:
        """Whether Stripe shows the event at this time: not too early, and not too old."""
        return self._visible[n] <= now and not self.aged(n, now)

    def aged(self, n: int, now: float) -> bool:
        """Whether the event is too old for Stripe to keep."""
        return self.created[n] < now - RETENTION_SECONDS

    def matches(self, n: int, patterns: tuple[str, ...]) -> bool:
        """Whether the event is of one of these types; `*` stands for anything."""
        made = self.changed[n]["type"]
        return any(fnmatchcase(made, pattern) for pattern in patterns)
