"""The tables, as peewee models that describe them once for SQLite and PostgreSQL."""

VERSION = 15  # of the tables. :mod:`app.db.migrations` brings earlier ones up to it
