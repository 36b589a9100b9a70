"""Widgets of a few lines of text, which are made again when their width changes."""
