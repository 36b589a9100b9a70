"""The schema, the store, and the only code that writes.

peewee imports PostgreSQL's driver if it is installed, which takes a fifth of the time to the first
frame. SQLite does not need it, so :mod:`app.db.engines.postgres` loads it when a PostgreSQL
database is opened.
"""

import sys

if "peewee" not in sys.modules and "psycopg" not in sys.modules:
    sys.modules["psycopg"] = None  # type: ignore[assignment]  # Python's way to say "not there"
    import peewee  # noqa: F401

    del sys.modules["psycopg"]
