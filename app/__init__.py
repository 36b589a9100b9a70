"""Panelist: the customers in a Stripe account as a research panel, in the terminal."""

__version__ = "0.2.0"
