"""The indexes that lists, search and a first copy use, and the code that builds them."""
