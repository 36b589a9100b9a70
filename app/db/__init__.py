"""The schema, the store, and the only code that writes.

peewee imports PostgreSQL's driver where it is installed, which takes a fifth of the time until the
first frame. SQLite needs none: :mod:`app.db.postgres` gives it when a PostgreSQL is opened.
"""

import sys

if "peewee" not in sys.modules and "psycopg" not in sys.modules:
    sys.modules["psycopg"] = None  # type: ignore[assignment]  # Python's way to say "not there"
    import peewee  # noqa: F401

    del sys.modules["psycopg"]
