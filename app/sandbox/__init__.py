"""A local stand-in for Stripe's API, over real HTTP, for the demo, the tests and the benchmarks.

It serves API version 2026-10-28.endive. It imports nothing from the rest of this application.
`world` holds the account and changes it, `server` serves it over HTTP, and `command` is the
command line.
"""
