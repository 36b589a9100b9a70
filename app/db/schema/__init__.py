"""The tables, as peewee models that describe them once for SQLite and PostgreSQL."""
