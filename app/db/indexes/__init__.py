"""The indexes that lists, search and a first copy go by, and what builds them."""
