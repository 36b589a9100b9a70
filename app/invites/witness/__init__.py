"""The witness: what this computer remembers of each database, outside of it.

A database that is put back from a copy does not know what was sent since. The witness does. It has
numbers and keyed hashes of mailboxes, and the key is only in the database.
"""
