"""Customers that try to break a client.

`HOSTILE` customers are valid for Stripe: anyone can type such values into a checkout form. `POISON`
goes further. No database can store those records. Stripe never sends them, but a broken proxy or a
future version might.
"""

import orjson

from app.sandbox.world.seeded import Obj

_KEYS = {
    "[red]key[/]": "[bold]value",
    "=1+1": "=cmd|'/c calc'!A1",
    "key\x1b[31m": "\x1b]52;c;cm0gLXJm\x07",
    "' OR 1=1 --": "'; DROP TABLE customers; --",
    "__class__": "{{ 7*7 }} ${HOME} %s {0}",
    "../../v1/charges?x=": "\r\nX-Injected: yes",
    "": "an empty key",
}
_FULL = {f"key_{number:02}": chr(97 + number % 26) * 500 for number in range(50)}
_FAMILY = "👨‍👩‍👧‍👦 Familie 👩🏽‍🚀🏳️‍🌈 🇵🇹"

# The fields that each replaces in an ordinary customer.
HOSTILE: tuple[Obj, ...] = (
    {"name": "x[/]y", "email": "markup@example.com"},
    {"name": "[Red]A", "metadata": _KEYS},
    {"name": "[ @click=app.quit]B[/]"},
    {"name": "[$error]", "phone": "[/]+1555"},
    {"name": "back\\slash\\[b]"},
    {"name": "Ada\x1b]52;c;ZXZpbA==\x07 Clipboard"},
    {"name": "Title\x1b]0;owned\x07", "email": "title\x1b[31m@example.com"},
    {"name": "Clear\x1b[2J\x1b[H screen", "metadata": {"note": "\x1b[2J"}},
    {"name": "\x1b]8;;https://evil.example\x1b\\Link\x1b]8;;\x1b\\"},
    {"name": "C1 \x9b31m red \x85 next"},
    {"name": "Bell\x07 and NUL\x00 inside"},
    {"name": "user\u202egpj.exe"},
    {"name": "a\u200bb\u2060c\ufeffd", "email": "аdmin@example.com"},
    {"name": "lone \ud800 surrogate"},
    {"name": "=cmd|'/c calc'!A1", "metadata": {"@SUM(1)": "+1+1", "-2+3": "\t=1"}},
    {"name": "@SUM(A1:A9)", "email": "a@b.example,evil@x.example"},
    {
        "name": "Two\nLines\r\nBcc: evil@x.example",
        "email": "crlf@example.com\r\nBcc: evil@x.example",
    },
    {"name": "W" * 5000, "metadata": _FULL},
    {"name": _FAMILY, "email": "familie👪@example.org"},
    {"name": "Z" + "\u0301\u0323\u034f" * 40 + "algo"},
    {"name": "Robert'); DROP TABLE participants;--", "email": "%_'@example.com"},
    {"name": "{{ 7*7 }} {name} %(name)s ${x}"},
    {"name": "   \u00a0\u2003  ", "email": " spaced@example.com "},
    {"name": "<script>alert(1)</script>", "email": '"quoted local"@example.com'},
)

_DEEP = orjson.Fragment(b"[" * 3000 + b"]" * 3000)

# Replaces fields of an ordinary customer too, against Stripe's schema.
POISON: tuple[Obj, ...] = (
    {"name": {"object": "not text"}},
    {"name": 10**40},
    {"metadata": ["a", "list"]},
    {"metadata": {"number": 1 << 70, "nested": {"a": [1]}, "none": None}},
    {"invoice_credit_balance": _DEEP},
    {"created": "yesterday"},
    {"email": ["a@example.com", "b@example.com"]},
    {"balance": 1 << 64, "phone": 15551234, "livemode": "no"},
)
