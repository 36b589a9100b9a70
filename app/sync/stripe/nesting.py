"""Cuts JSON that is nested more deeply than any parser can read, so that the rest can be read.

A parser that calls itself for each level ends in an error or worse. This one counts brackets.
"""

from __future__ import annotations

import re

DEEPEST = 100  # levels that stay; Stripe's own objects have about ten
MARK = rb'"\u0000 nested too deeply"'  # stands in place of what was cut

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def shallow(content: bytes) -> bytes:
    """The same JSON with every value below the deepest level replaced by :data:`MARK`."""
    parts: list[bytes] = []
    depth, kept, cut = 0, 0, 0
    for token in _TOKEN.finditer(content):
        sign = token[0]
        if sign in b"[{":
            depth += 1
            if depth == DEEPEST + 1:
                cut = token.start()
        elif sign in b"]}":
            if depth == DEEPEST + 1:
                parts += (content[kept:cut], MARK)
                kept = token.end()
            depth -= 1
    parts.append(content[kept:])
    return b"".join(parts)
