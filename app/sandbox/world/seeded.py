"""Numbers and ids computed from a seed, so that nothing has to be stored."""

import random
from typing import Any

Obj = dict[str, Any]

_MASK = (1 << 64) - 1
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = [a + b for a in _DIGITS for b in _DIGITS]
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH = 14
_MODULUS: int = 62**_LENGTH
_HALF: int = 62**7


def mix(seed: int, n: int) -> int:
    """64 well-mixed bits for a seed and a number n (SplitMix64's finaliser)."""
    x = (n * 0x9E3779B97F4A7C15 + seed) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def seed_for(seed: int, name: str) -> int:
    """A separate 64-bit seed for one purpose."""
    return random.Random(f"{seed}/{name}").getrandbits(64)


def word(seed: int, name: str, length: int) -> str:
    """A random-looking word of letters and digits, the same for the same seed and name."""
    rng = random.Random(f"{seed}/{name}")
    return "".join(rng.choice(_DIGITS) for _ in range(length))


def base62(x: int) -> str:
    """Fourteen base-62 digits for a number below 62**14."""
    x, g = divmod(x, 3844)
    x, f = divmod(x, 3844)
    x, e = divmod(x, 3844)
    x, d = divmod(x, 3844)
    x, c = divmod(x, 3844)
    a, b = divmod(x, 3844)
    p = _PAIRS
    return p[a] + p[b] + p[c] + p[d] + p[e] + p[f] + p[g]


class Ids:
    """The ids of one kind of object: a bijection between 0, 1, 2, … and ids like Stripe's.

    It is two modular multiplications with a swap of the halves between them. Neighbours get
    different ids, and the order of ids says nothing about time, as Stripe's ids are opaque. A
    million objects need no dictionary.

    `infix` is the part that all ids of one account share, as in `sub_1Pgc6rB7WZ01zgkWNy0Cn5nw`.
    """

    def __init__(self, seed: int, prefix: str, infix: str = "") -> None:
        rng = random.Random(f"{seed}/ids/{prefix}")
        factor = rng.randrange(_MODULUS // 4, _MODULUS)
        while factor % 2 == 0 or factor % 31 == 0:
            factor += 1
        self._factor = factor
        self._inverse: int = pow(factor, -1, _MODULUS)
        self._offset = rng.randrange(_MODULUS)
        self._start = prefix + "_" + ("1" if infix else "")
        self._infix = infix

    def of(self, n: int) -> str:
        """The n-th id."""
        digits = base62(
            _swap((n * self._factor + self._offset) % _MODULUS) * self._factor % _MODULUS
        )
        if self._infix:
            return self._start + digits[:6] + self._infix + digits[6:]
        return self._start + digits

    def number(self, text: str) -> int | None:
        """The number of an id; None for a text that cannot be one.

        A text of the right form that is not an id here gives a huge number.
        """
        start, infix = self._start, self._infix
        if not text.startswith(start) or len(text) != len(start) + len(infix) + _LENGTH:
            return None
        digits = text[len(start) :]
        if infix:
            if digits[6 : 6 + len(infix)] != infix:
                return None
            digits = digits[:6] + digits[6 + len(infix) :]
        x = 0
        for digit in digits:
            value = _VALUES.get(digit)
            if value is None:
                return None
            x = x * 62 + value
        return (_swap(x * self._inverse % _MODULUS) - self._offset) * self._inverse % _MODULUS


def _swap(x: int) -> int:
    """Swap the upper seven digits with the lower seven. This is its own inverse."""
    upper, lower = divmod(x, _HALF)
    return lower * _HALF + upper
