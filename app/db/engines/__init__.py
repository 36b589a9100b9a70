"""The two databases that a store can be in, a SQLite file or PostgreSQL, and how one is opened."""
