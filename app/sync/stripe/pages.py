"""Reads the answers of Stripe's API into objects. An object that does not fit is set aside with the
reason and never stops its page.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from app.sync.stripe.nesting import MARK, shallow
from app.sync.stripe.objects import Customer, Event, Item, Price, Product, Subscription
from app.text import plain

NESTING = 20_000  # the depth that the slow parser can handle
LONGEST = 10_000  # characters that tell an object without an id from others


Kind = TypeVar("Kind", Customer, Product, Price, Item, Subscription, Event)


# The value of "object" in each kind of object.
_NAMES: dict[type, str] = {
    Customer: "customer",
    Product: "product",
    Price: "price",
    Item: "subscription_item",
    Subscription: "subscription",
    Event: "event",
}


@dataclass(frozen=True)
class Unfit:
    """An object that is not used, and why. ``id`` is "" if it has none. ``customer``: of a
    subscription, if that much of it can be read. ``content``: tells it from others without an
    id."""

    id: str
    reason: str
    customer: str | None = None
    content: bytes = field(default=b"", repr=False)


@dataclass
class ListPage(Generic[Kind]):
    """One page of a list. ``bad``: the objects that do not fit. ``last``: the id of the last
    object, whether it fits or not, and the created of the last object that has one."""

    objects: list[Kind]
    has_more: bool
    bad: list[Unfit] = field(default_factory=list)
    last: tuple[str | None, int | None] = (None, None)

    def check_mode(self, livemode: bool) -> None:
        """Set aside the objects of the other mode, which no key of this mode should see."""
        other = "test" if livemode else "live"
        self._set_aside(
            lambda one: (
                f"it belongs to {other} mode"
                if getattr(one, "livemode", None) not in (None, livemode)
                else None
            )
        )

    def check_kind(self) -> None:
        """Set aside objects of another kind, such as a product in a list of customers."""
        self._set_aside(_foreign)

    def set_aside(self, reasons: Mapping[str, str]) -> None:
        """Set aside the objects with these ids, for these reasons."""
        self._set_aside(lambda one: reasons.get(one.id))

    def _set_aside(self, why: Callable[[Kind], str | None]) -> None:
        if not any(why(one) for one in self.objects):
            return
        for one in self.objects:
            if reason := why(one):
                customer = _id_of(getattr(one, "customer", None))
                self.bad.append(Unfit(one.id, reason, customer, repr(one).encode()))
        self.objects = [one for one in self.objects if not why(one)]


def _foreign(one: Any) -> str | None:
    name = _NAMES[type(one)]
    if one.object in (None, name) or getattr(one, "deleted", False):
        return None
    return f"it is not a {name} but “{plain(one.object, 40)}”"


def _id_of(reference: object) -> str | None:
    """The id from a reference, which may be an id or the expanded object."""
    if isinstance(reference, dict):
        reference = reference.get("id")
    found = getattr(reference, "id", reference)
    return found if isinstance(found, str) else None


class UnreadableAnswer(ValueError):
    """The bytes are not an answer from Stripe: truncated, or from another server."""


class TooDeep(UnreadableAnswer):
    """The bytes may be JSON, but are nested more deeply than can be parsed."""


class _RawList(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]
    has_more: bool = False


class _Named(msgspec.Struct, gc=False):
    id: Any = None


class _Dated(msgspec.Struct, gc=False):
    created: Any = None


class _Owned(msgspec.Struct, gc=False):
    customer: Any = None


# One JSON escape (RFC 8259, 7): a pair of surrogates, a lone one, or any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _paired(escape: re.Match[bytes]) -> bytes:
    """Replace a lone surrogate by U+FFFD. No text can hold one, and the parser refuses it."""
    return rb"\ufffd" if escape[1] else escape[0]


def page_reader(kind: type[Kind]) -> Callable[[bytes], ListPage[Kind]]:
    """Return a function that decodes a list of these objects. It raises UnreadableAnswer."""

    whole_list = msgspec.defstruct("Whole", [("data", list[kind]), ("has_more", bool, False)])  # type: ignore[valid-type]
    decoder = msgspec.json.Decoder(whole_list)
    single = msgspec.json.Decoder(kind)

    def read(content: bytes) -> ListPage[Kind]:
        try:
            whole: Any = decoder.decode(content)
        except (msgspec.DecodeError, RecursionError):
            try:
                whole = decoder.decode(_ESCAPE.sub(_paired, content))
            except (msgspec.DecodeError, RecursionError):
                return _read_one_by_one(kind, single, content)
        objects: list[Kind] = whole.data
        last = (objects[-1].id, getattr(objects[-1], "created", None)) if objects else (None, None)
        page = ListPage(objects, whole.has_more, last=last)
        page.check_kind()
        return page

    return read


def object_reader(kind: type[Kind]) -> Callable[[bytes], ListPage[Kind]]:
    """Return a function that decodes one object into a page of one. It raises UnreadableAnswer."""
    decoder = msgspec.json.Decoder(kind)

    def read(content: bytes) -> ListPage[Kind]:
        try:
            page = ListPage([decoder.decode(content)], has_more=False)
        except (msgspec.DecodeError, RecursionError):
            try:
                page = _converted(kind, [_parsed(content)], has_more=False)
            except TooDeep:
                page = ListPage([], has_more=False)
                _read_raw(page, decoder, shallow(content))
        page.check_kind()
        return page

    return read


def any_object(content: bytes) -> dict[str, Any]:
    """Any JSON object, without what is nested too deeply to be parsed. Raises UnreadableAnswer."""
    try:
        return _whole_object(content)
    except TooDeep:
        return _whole_object(shallow(content))


def _whole_object(content: bytes) -> dict[str, Any]:
    body = _parsed(content)
    if not isinstance(body, dict):
        raise UnreadableAnswer
    return body


def _read_one_by_one(
    kind: type[Kind], decoder: msgspec.json.Decoder[Any], content: bytes
) -> ListPage[Kind]:
    try:
        raw = msgspec.json.decode(content, type=_RawList)
    except (msgspec.DecodeError, RecursionError):
        try:
            body = _whole_object(content)
        except TooDeep:
            return _read_shallow(decoder, _ESCAPE.sub(_paired, shallow(content)))
        if not isinstance(body.get("data"), list):
            raise UnreadableAnswer from None
        page = _converted(kind, body["data"], has_more=body.get("has_more") is True)
        page.check_kind()
        return page
    page = ListPage([], raw.has_more)
    for one in raw.data:
        try:
            fits = decoder.decode(one)
        except msgspec.ValidationError as error:
            _note_raw(page, one)
            page.bad.append(_unfit(one, str(error)))
        except (msgspec.DecodeError, RecursionError):
            _note_raw(page, one)
            try:
                _convert(kind, page, _parsed(bytes(one)))
            except TooDeep:
                _read_raw(page, decoder, shallow(bytes(one)))
        else:
            _note_raw(page, one)
            page.objects.append(fits)
    page.check_kind()
    return page


def _read_shallow(decoder: msgspec.json.Decoder[Any], content: bytes) -> ListPage[Kind]:
    """A list of which something was cut. The objects that lost something are set aside."""
    try:
        raw = msgspec.json.decode(content, type=_RawList)
    except (msgspec.DecodeError, RecursionError):
        raise UnreadableAnswer from None
    page: ListPage[Kind] = ListPage([], raw.has_more)
    for one in raw.data:
        _note_raw(page, one)
        _read_raw(page, decoder, bytes(one))
    page.check_kind()
    return page


def _read_raw(page: ListPage[Kind], decoder: msgspec.json.Decoder[Any], content: bytes) -> None:
    """Decode an object and add it. Set it aside if its deepest levels were removed."""
    if MARK in content:
        page.bad.append(_unfit(msgspec.Raw(content), "it is nested too deeply"))
        return
    try:
        page.objects.append(decoder.decode(_ESCAPE.sub(_paired, content)))
    except (msgspec.DecodeError, RecursionError) as error:
        page.bad.append(_unfit(msgspec.Raw(content), str(error)))


def _note_raw(page: ListPage[Kind], raw: msgspec.Raw) -> None:
    _note_place(page, _lenient(raw, _Named, "id"), _lenient(raw, _Dated, "created"))


def _unfit(raw: msgspec.Raw, reason: str) -> Unfit:
    customer = _id_of(_lenient(raw, _Owned, "customer"))
    return Unfit(_known(_lenient(raw, _Named, "id")), reason, customer, bytes(raw))


def _lenient(raw: msgspec.Raw, kind: type[msgspec.Struct], name: str) -> object:
    """One field of an object whose other fields may be wrong."""
    try:
        return getattr(msgspec.json.decode(raw, type=kind), name)
    except (msgspec.DecodeError, RecursionError):
        return None


def _converted(kind: type[Kind], objects: list[Any], *, has_more: bool) -> ListPage[Kind]:
    page: ListPage[Kind] = ListPage([], has_more)
    for obj in objects:
        known = obj if isinstance(obj, dict) else {}
        _note_place(page, known.get("id"), known.get("created"))
        _convert(kind, page, obj)
    return page


def _convert(kind: type[Kind], page: ListPage[Kind], obj: Any) -> None:
    try:
        page.objects.append(msgspec.convert(obj, kind))
    except msgspec.ValidationError as error:
        known = obj if isinstance(obj, dict) else {}
        content = repr(obj)[:LONGEST].encode("utf-8", "replace")
        page.bad.append(
            Unfit(_known(known.get("id")), str(error), _id_of(known.get("customer")), content)
        )


def _note_place(page: ListPage[Kind], key: object, created: object) -> None:
    last_key, last_created = page.last
    whole = isinstance(created, int) and not isinstance(created, bool)
    page.last = (
        key if isinstance(key, str) and key else last_key,
        created if whole else last_created,  # type: ignore[assignment]
    )


def _known(key: object) -> str:
    return key if isinstance(key, str) else ""


def _parsed(content: bytes) -> Any:
    """Parse with the standard library. It accepts what Stripe's data may contain and the fast
    parser refuses: lone surrogates, and deep nesting in an unused field."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, NESTING))
    try:
        return json.loads(content, parse_int=lambda digits: int(digits[:40]))  # of any length
    except RecursionError:
        raise TooDeep from None
    except ValueError:
        raise UnreadableAnswer from None
    finally:
        sys.setrecursionlimit(limit)
