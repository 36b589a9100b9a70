"""The commands that people can type after ``panelist``.

Each command is the module of the same name. Its ``declare(parser)`` adds its options, and its
``run(options)`` returns the exit code. An action has its own ``run``. Only the module of the typed
command is imported, and ``--help`` must answer at once, so a command imports its working modules
inside functions.

The other modules here are shared by the commands. No command imports another.
"""

from __future__ import annotations

# In the order of ``panelist --help``.
COMMANDS = {
    "demo": "try it: a sandbox Stripe and a throw-away home",
    "connect": "connect a Stripe account",
    "disconnect": "leave the Stripe account",
    "sync": "fetch what is new",
    "serve": "receive Stripe's webhooks, and keep the panel current",
    "verify": "prove that nobody was invited twice; or compare the panel with Stripe",
    "status": "where the sync stands",
    "segments": "every segment with its count",
    "participants": "the people, one a line",
    "export": "take people out into a file",
    "studies": "studies: what people are invited to",
    "invite": "plan whom a study invites, and invite them",
    "invites": "who was invited, and what became of it",
    "ledger": "who sent, marked, opted out and corrected what, and when",
    "erase": "erase a person, in four hours",
    "mail": "try the mail server, or sign in to it; nothing is sent",
    "backup": "write the database to one file, while Panelist runs",
    "restore": "put a backup or a salvaged database into use",
    "move": "move the database from SQLite to PostgreSQL, or back",
    "salvage": "save what can be read of a damaged database",
    "sandbox": "a Stripe to try things on (see sandbox --help)",
    "info": "versions, paths and settings, for a report",
}
