"""Encodes objects as JSON, including hostile and invalid ones."""

import json

import orjson

from app.sandbox.world.seeded import Obj


def encode(value: Obj, *, pretty: bool = True) -> bytes:
    """JSON indented by two spaces as Stripe sends it, or compact for JSON lines.

    orjson refuses lone surrogates and integers over 64 bits. Those go through the standard library,
    which writes `\\ud800` and every digit.
    """
    option = orjson.OPT_INDENT_2 if pretty else 0
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_fragments(value), option=option)


def _fragments(value: Obj) -> object:
    """The value, with each object that orjson refuses replaced by its finished JSON."""
    data = value.get("data")
    if isinstance(data, list):
        return value | {"data": [_fragments(entry) for entry in data]}
    try:
        orjson.dumps(value)
    except TypeError:
        return orjson.Fragment(json.dumps(value).encode())
    return value
