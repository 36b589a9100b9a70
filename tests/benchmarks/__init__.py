"""Figures, not tests: each module prints a short table and never fails for being slow.

Run one from the repository's root: ``python -m tests.benchmarks.backfill --help``.
"""
