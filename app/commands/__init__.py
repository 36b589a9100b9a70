"""The commands that people can type after ``panelist``.

Each command is the module of the same name. Its ``declare(parser)`` adds its options, and its
``run(options)`` returns the exit code. An action has its own ``run``. ``EXAMPLES`` are the two
that its ``--help`` and each action's shows, without ``panelist``. Only the module of the typed
command is imported, and ``--help`` must answer at once, so a command imports its working modules
inside functions.

What commands share is in ``shared``. No command imports another.
"""

from __future__ import annotations

# In the order of ``panelist --help``.
COMMANDS = {
    "demo": "Try Panelist with fictional customers",
    "connect": "Connect a Stripe account",
    "disconnect": "Disconnect from Stripe",
    "sync": "Sync with Stripe",
    "serve": "Receive Stripe's webhooks and keep syncing",
    "verify": "Check the ledger, or compare the panel with Stripe",
    "status": "Show the sync status",
    "segments": "List, compare and edit segments",
    "participants": "List participants",
    "show": "Show everything about a participant",
    "why": "Explain why a participant is in a segment or can be invited",
    "open": "Open a customer's page in Stripe's Dashboard",
    "export": "Export participants to a file",
    "studies": "List and edit studies",
    "invite": "Plan and send a study's invites",
    "send": "Send queued invites unattended",
    "invites": "List invites, record replies and opt-outs",
    "ledger": "Show who sent, marked or corrected what",
    "erase": "Erase a participant after four hours",
    "mail": "Test the mail server, or sign in to it",
    "backup": "Back up the database to one file",
    "restore": "Restore a backup or a salvaged database",
    "move": "Move the database to PostgreSQL or back to SQLite",
    "salvage": "Recover the readable rows of a damaged database",
    "sandbox": "Run a local Stripe simulator",
    "screenshot": "Save a masked picture of a screen",
    "completion": "Print the completion for a shell",
    "info": "Show versions, paths and settings",
}
