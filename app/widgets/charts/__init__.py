"""Numbers as pictures: digits, bars, steps and strips of time."""
