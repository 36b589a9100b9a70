"""The proxy that the environment names for a server.

HTTPS_PROXY, HTTP_PROXY and ALL_PROXY name it, with or without "http://" before it. NO_PROXY lists
servers that need none: hosts, suffixes, networks such as 10.0.0.0/8, each with a port or without,
or "*" for all of them.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_PORTS = {"http": 80, "https": 443}
_SCHEMES = ("http", "https", "socks5", "socks5h")  # those of httpx


def proxy_for(base: str) -> str | None:
    """The address of the proxy for this URL, or None."""
    parts = urlsplit(base)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    host = parts.hostname or ""
    port = parts.port or _PORTS.get(parts.scheme, 0)
    if not proxy or _is_excepted(host, port, proxies.get("no", "")) or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def unusable_proxy(proxy: str) -> str:
    """Why no proxy can have this address, or "". It repeats no part of the address: one that is cut
    at the wrong place has a part of the password anywhere (RFC 3986, 3.2)."""
    scheme, _, rest = proxy.partition("://")
    login, at, place = rest.rpartition("@")
    if at and set(login) & set("/?#[]@\\"):
        return (
            "percent-encode the special characters in its user and password: / is %2F, @ is %40,"
            " : is %3A, # is %23, ? is %3F and % is %25"
        )
    if scheme.lower() not in _SCHEMES:
        return f"it must begin with one of {', '.join(f'{one}://' for one in _SCHEMES)}"
    try:
        parts = urlsplit(f"//{place}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    return "" if host else "write it as http://host:port, and an IPv6 address in [ ]"


def check_proxy(proxy: str | None) -> None:
    """Raise ValueError if no proxy can have this address. httpx would notice some of them only
    when it connects."""
    if proxy and unusable_proxy(proxy):
        raise ValueError("the address of the proxy")


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether NO_PROXY names this server."""
    return any(
        _names(entry, host.lower().rstrip("."), port)
        for entry in exceptions.lower().replace(",", " ").split()
    )


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ("]" in name or ":" not in name):
        if int(number) != port:
            return False
        entry = name
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
        return ipaddress.ip_address(host) in network
    except ValueError:  # at least one of them is a name
        name = entry.removeprefix("*").strip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
