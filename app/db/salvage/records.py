"""Decodes a record: the values of a row, or of an entry of an index."""

from __future__ import annotations

import struct
from typing import TypeAlias

Value: TypeAlias = int | float | str | bytes | None


class Unreadable(Exception):
    """These bytes are not what they should be."""


def varint(content: bytes, at: int) -> tuple[int, int]:
    """The integer of up to nine bytes at this position, and the position after it. Raises
    Unreadable."""
    value = 0
    for position in range(at, at + 8):
        if position >= len(content):
            raise Unreadable
        byte = content[position]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + 1
    if at + 8 >= len(content):
        raise Unreadable
    value = value << 8 | content[at + 8]
    return value - (1 << 64) if value >= 1 << 63 else value, at + 9


def decoded(payload: bytes) -> list[Value]:
    """The values of a record that fills ``payload`` exactly. Bytes that are not UTF-8 become U+FFFD
    in a text. Raises Unreadable."""
    end, at = varint(payload, 0)
    if not at <= end <= len(payload):
        raise Unreadable
    kinds = []
    while at < end:
        kind, at = varint(payload, at)
        kinds.append(kind)
    if at != end:
        raise Unreadable
    values = []
    for kind in kinds:
        value, at = _value(payload, kind, at)
        values.append(value)
    if at != len(payload):
        raise Unreadable
    return values


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial type -> bytes


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    size = _INTEGERS.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    if kind in (10, 11) or size < 0 or at + size > len(payload):
        raise Unreadable
    content = payload[at : at + size]
    if kind in _INTEGERS:
        return int.from_bytes(content, "big", signed=True), at + size
    if kind == 7:
        return float(struct.unpack(">d", content)[0]), at + size
    if kind % 2 == 0:
        return content, at + size
    if b"\0" in content:  # Panelist stores none: these were zeroed
        raise Unreadable
    return content.decode("utf-8", "replace"), at + size
