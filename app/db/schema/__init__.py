"""The tables, as peewee models that describe them once for SQLite and PostgreSQL."""

VERSION = 15  # of the tables. :mod:`app.db.migrations` brings earlier ones up to it
APPLICATION_ID = 0x50414E4C  # "PANL", so that file(1) and we recognise it
