"""Two examples for the ``--help`` of each command and each action, without ``panelist``. One is
enough if there is nothing to vary."""

from __future__ import annotations

EXAMPLES = {
    "demo": ("demo", "demo --headless"),
    "connect": ("connect --oauth", "connect --key-stdin < key.txt"),
    "disconnect": ("disconnect", "disconnect --yes"),
    "sync": ("sync", "sync --follow"),
    "serve": ("serve", "serve --host 0.0.0.0 --port 8080"),
    "verify": ("verify", "verify --stripe --all"),
    "status": ("status", "status --json"),
    "segments": ("segments", "segments show active"),
    "segments show": ("segments show active", "segments show active --on 2026-02-03 --csv"),
    "segments members": ("segments members active", "segments members active --json"),
    "segments diff": ("segments diff active trialing", "segments diff active --since 2026-02-03"),
    "segments create": (
        "segments create 'Recent customers' --filter 'created>-90d'",
        "segments create 'Active on Pro' --filter 'status:\"active\" product:\"Pro\"'",
    ),
    "segments change": (
        "segments change own:1 --name 'New customers'",
        "segments change own:1 --filter 'created>-30d'",
    ),
    "segments delete": ("segments delete own:1", "segments delete own:1 --json"),
    "participants": ("participants --segment active", "participants --search ada --json"),
    "export": ("export active.csv --segment active", "export panel.jsonl --masked"),
    "studies": ("studies", "studies show 'Pricing page'"),
    "studies create": (
        "studies create 'Pricing page' --segment active",
        "studies create 'Onboarding' --link 'https://example.com/i/{{token}}'",
    ),
    "studies change": (
        "studies change 'Pricing page' --subject 'A conversation?'",
        "studies change 7 --text-file email.txt --cool-down-days 60",
    ),
    "studies show": ("studies show 'Pricing page'", "studies show 7 --json"),
    "studies activate": ("studies activate 'Pricing page'", "studies activate 7"),
    "studies pause": ("studies pause 'Pricing page'", "studies pause 7"),
    "studies close": ("studies close 'Pricing page'", "studies close 7 --yes"),
    "studies archive": ("studies archive 'Pricing page'", "studies archive 7"),
    "studies delete": ("studies delete 'Pricing page'", "studies delete 7"),
    "invite": (
        "invite --study 'Pricing page' --batch 40",
        "invite --study 'Pricing page' --plan 59d8ab12c03f --expect 40",
    ),
    "send": ("send", "send --follow"),
    "invites": ("invites --study 'Pricing page'", "invites --state uncertain --json"),
    "invites mark": (
        "invites mark completed answers.csv --study 'Pricing page'",
        "invites mark completed answers.csv --where Status=complete",
    ),
    "invites resolve": ("invites resolve 12 arrived", "invites resolve 12 did-not"),
    "invites opt-out": ("invites opt-out ada@example.com", "invites opt-out leaving.csv --yes"),
    "invites remind": (
        "invites remind --study 'Pricing page'",
        "invites remind --study 'Pricing page' --plan 59d8ab12c03f --expect 12",
    ),
    "invites trust": ("invites trust", "invites trust moved"),
    "invites unmark": ("invites unmark ada@example.com", "invites unmark answers.csv --yes"),
    "invites withdraw": ("invites withdraw 12", "invites withdraw ada@example.com --yes"),
    "invites lift": (
        "invites lift bounce ada@example.com",
        "invites lift opt-out ada@example.com --reason 'She asked for it'",
    ),
    "invites link": ("invites link 12", "invites link ada@example.com --study 'Pricing page'"),
    "ledger": ("ledger --study 'Pricing page'", "ledger --person ada@example.com --json"),
    "erase": ("erase ada@example.com", "erase ada@example.com --undo"),
    "mail": ("mail", "mail --password-stdin < password.txt"),
    "mail login": ("mail login", "mail login --no-browser"),
    "mail logout": ("mail logout",),
    "backup": ("backup", "backup monday.db"),
    "restore": ("restore monday.db", "restore monday.db --replace"),
    "move": ("move postgresql", "move sqlite"),
    "salvage": ("salvage", "salvage damaged.db --to recovered.db"),
    "sandbox": ("sandbox --customers 500 --seed 1", "sandbox --port 8000 --live-changes 20"),
    "info": ("info", "info --json"),
}
