"""A local stand-in for Stripe's API, over real HTTP, for the demo, the tests and the benchmarks.

It serves API version 2026-10-28.endive and imports nothing else of this application.
`world` is the account and what changes in it, `server` serves it, `command` is the command line.
"""
