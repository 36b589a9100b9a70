"""Reads a damaged SQLite file without SQLite, which refuses the whole file.

From the bottom up: :mod:`page_file` has the pages, :mod:`records` and :mod:`btree` what is on a
page, :mod:`definitions` the tables, :mod:`page_owners` which page belongs to which table, and
:mod:`salvage_file` writes the rows to a new database.

The format is https://www.sqlite.org/fileformat2.html.
"""
