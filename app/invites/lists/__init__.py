"""Reads the lists of contacts that people bring, such as the export of a survey."""
