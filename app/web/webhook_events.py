"""Reads the few fields of a webhook event that are needed, and finds its connection.

As everywhere, the types are the allow-list: the parser skips the snapshot in an event. Source:
docs.stripe.com/api/events/object.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from app.db.rows import EventRow
from app.sync.stripe.endpoints import EVENT_TYPES
from app.sync.stripe.pages import UnreadableAnswer, any_object
from app.text import storable
from app.web.rejections import Rejected

DEAUTHORIZED = "account.application.deauthorized"
MATTERING = frozenset(kind for kinds in EVENT_TYPES.values() for kind in kinds)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class _Object(msgspec.Struct, gc=False):
    id: Any = None  # some objects have none, such as a balance


class _Data(msgspec.Struct, gc=False):
    object: _Object


class WebhookEvent(msgspec.Struct, gc=False):
    """An event. ``account`` is its account, if that is not the account of the endpoint. Events of
    an organisation have it in ``context``."""

    object: Literal["event"]
    id: Name
    created: Annotated[int, msgspec.Meta(ge=0, lt=2**40)]
    type: Name
    livemode: bool
    data: _Data
    account: str | None = None
    context: str | None = None

    @property
    def about(self) -> str:
        """The id of the event's object; empty if the object has none."""
        key = self.data.object.id
        return key if isinstance(key, str) and len(key) <= 255 else ""

    @property
    def row(self) -> EventRow:
        """The hint to store for this event."""
        return EventRow(storable(self.id), self.created, self.type, storable(self.about))

    def owner(self, known: Iterable[tuple[int, str, bool]]) -> tuple[int, str] | None:
        """(id, account) of the connection that the event belongs to, among the ``known`` ones.

        An event without an account is about the account of the endpoint. It is accepted only if
        exactly one connection fits.
        """
        whose = self.account or self.context
        mine = [
            (key, account)
            for key, account, livemode in known
            if livemode is self.livemode and whose in (account, None, "")
        ]
        return mine[0] if len(mine) == 1 else None


_decoder = msgspec.json.Decoder(WebhookEvent)


def read(body: bytes) -> WebhookEvent:
    """The event in a body. Raises Refused."""
    event = _decoded(body)
    if event.type in MATTERING and not event.about:
        raise _not_an_event()
    return event


def _decoded(body: bytes) -> WebhookEvent:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError:
        raise _not_an_event() from None
    except (msgspec.DecodeError, RecursionError):
        pass
    try:  # what the fast parser refuses and Stripe may send: half a pair of surrogates
        return msgspec.convert(any_object(body), WebhookEvent)
    except UnreadableAnswer:
        raise Rejected(
            "Webhook refused: signed, but not JSON",
            "The body is not a JSON object. Nothing was stored. Pass it on as Stripe sent it.",
        ) from None
    except msgspec.ValidationError:
        raise _not_an_event() from None


def _not_an_event() -> Rejected:
    return Rejected(
        "Webhook refused: signed, but not an event of Stripe's API v1",
        "This is not an event of Stripe's API v1. Nothing was stored. Choose snapshot"
        " events, not thin events, for this endpoint in Stripe.",
    )
