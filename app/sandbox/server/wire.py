"""Objects as bytes, hostile and poisonous ones included."""

import json

import orjson

from app.sandbox.world.seeded import Obj


def encode(value: Obj, *, pretty: bool = True) -> bytes:
    """JSON as Stripe sends it: indented by two; compact for JSON lines.

    What orjson refuses (lone surrogates, integers over 64 bits) goes through the standard library,
    which writes `\\ud800` and every digit.
    """
    option = orjson.OPT_INDENT_2 if pretty else 0
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        return orjson.dumps(_fragments(value), option=option)


def _fragments(value: Obj) -> object:
    """The value with only its refused objects replaced by ready-made text."""
    data = value.get("data")
    if isinstance(data, list):
        return value | {"data": [_fragments(entry) for entry in data]}
    try:
        orjson.dumps(value)
    except TypeError:
        return orjson.Fragment(json.dumps(value).encode())
    return value
