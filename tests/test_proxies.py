"""Which servers need no proxy."""

from __future__ import annotations

import pytest

from app.proxies import proxy_for


@pytest.mark.parametrize(
    ("no_proxy", "base", "needed"),
    [
        ("", "https://api.stripe.com", True),
        ("*", "https://api.stripe.com", False),
        ("api.stripe.com", "https://api.stripe.com", False),
        ("API.Stripe.com", "https://api.stripe.com", False),
        ("stripe.com", "https://api.stripe.com", False),
        (".stripe.com", "https://api.stripe.com", False),
        ("*.stripe.com", "https://api.stripe.com", False),
        ("ripe.com", "https://api.stripe.com", True),
        ("example.com, stripe.com", "https://api.stripe.com", False),
        ("example.com stripe.com", "https://api.stripe.com", False),
        ("api.stripe.com:443", "https://api.stripe.com", False),
        ("api.stripe.com:8443", "https://api.stripe.com", True),
        ("api.stripe.com:8443", "https://api.stripe.com:8443", False),
        ("10.0.0.0/8", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://11.1.2.3", True),
        ("10.0.0.0/8", "https://ten.example", True),
        ("10.1.2.3", "https://10.1.2.3", False),
        ("10.1.2.3:80", "https://10.1.2.3", True),
        ("fd00::/8", "https://[fd00::1]", False),
        ("[fd00::1]:443", "https://[fd00::1]", False),
        ("::1", "https://[::1]", False),
        (".", "https://api.stripe.com", True),
        ("/,:,[", "https://api.stripe.com", True),
    ],
)
def test_a_server_that_needs_no_proxy(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, base: str, needed: bool
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:8080")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_for(base) == ("http://proxy.example:8080" if needed else None)
