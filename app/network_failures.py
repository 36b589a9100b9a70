"""Says why no complete answer came from a server: who failed, how, and whether to try again.

The words blame only what is known to be at fault. Where the cause is not known they are the
original ones, cleaned.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from app.certificates import advice
from app.proxies import unusable_proxy
from app.text import plain, without_secret

if TYPE_CHECKING:
    import httpx

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its name was not found, so this computer may be offline"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "the connection was cut"),
)
_BEFORE_TUNNEL = (socket.gaierror, ConnectionRefusedError)


class WireProblem(Exception):
    """No complete answer arrived. The text says why in a few words. Its cause is httpx's error if
    httpx found the problem.

    ``clause``: a whole clause for a person, with the one who failed. ``permanent``: trying again
    cannot help before someone changes something here.
    """

    def __init__(
        self, why: str, *, clause: str = "", permanent: bool = False, server: str = "Stripe"
    ) -> None:
        super().__init__(why)
        self.clause = clause or f"{server} cannot be reached ({why})"
        self.permanent = permanent


def wire_problem(error: httpx.HTTPError, proxy: str | None, server: str = "Stripe") -> WireProblem:
    """What httpx's error means. ``proxy``: the address of the proxy that the request used.
    ``server``: the name of who was asked."""
    import httpx

    causes = [*_causes(error)]
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause, proxy, server)
    why = _why(error, causes)
    if proxy is None:
        return WireProblem(why, server=server)
    name = proxy_name(proxy)
    if isinstance(error, httpx.ProxyError):
        said, login = str(error), _is_about_login(error)
        refused = f"The proxy {name} refuses the connection to {server}"
        cure = ". Check the user and the password in the proxy's address" if login else ""
        return WireProblem(
            why,
            clause=f"{refused} ({_original(error, proxy)}){cure}",
            permanent=login or said[:1] == "4",  # a rule; its own failures start with 5
        )
    if any(isinstance(cause, _BEFORE_TUNNEL) for cause in causes):
        return WireProblem(why, clause=f"The proxy {name} cannot be reached ({why})")
    clause = f"{server} cannot be reached through the proxy {name} ({why})"
    return WireProblem(why, clause=clause)


def _is_about_login(error: httpx.ProxyError) -> bool:
    """Whether a proxy wants a login, or another one. tinyproxy answers 401 to a wrong password,
    where RFC 9110, 15.5.8 has 407. For SOCKS these are httpcore's words."""
    said = str(error)
    socks = ("Invalid username/password", "NO ACCEPTABLE METHODS")
    return said[:3] in ("401", "407") or any(words in said for words in socks)


def unusable_address(
    error: Exception, proxy: str | None, server: str = "Stripe's API"
) -> WireProblem:
    """The address of the server, or of its proxy, makes no sense to httpx."""
    why = (unusable_proxy(proxy) if proxy else "") or _original(error, proxy)
    whose = f"of the proxy {proxy_name(proxy)}" if proxy else f"of {server}"
    return WireProblem(why, clause=f"The address {whose} cannot be used ({why})", permanent=True)


def proxy_name(proxy: str) -> str:
    """The proxy's host and port, without the user and the password of its address. A port that is
    not a number may be a password."""
    place = proxy.rpartition("@")[2].rpartition("//")[2].partition("/")[0]
    host, colon, port = place.rpartition(":")
    return plain(host if colon and not port.isdecimal() else place, 100)


def _untrusted(error: ssl.SSLCertVerificationError, proxy: str | None, server: str) -> WireProblem:
    said = plain(error.verify_message or error.reason or error)
    through = f" that came through the proxy {proxy_name(proxy)}" if proxy else ""
    clause = f"This computer does not trust {server}'s certificate{through} ({said})"
    return WireProblem(said, clause=f"{clause}. {advice()}", permanent=True)


def _why(error: httpx.HTTPError, causes: list[BaseException]) -> str:
    """What went wrong in the network, in a few words."""
    import httpx

    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "no response in time"
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return f"the encrypted connection failed: {plain(cause.reason or cause, 200)}"
    for kind, text in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return text
    said = str(error)
    if isinstance(error, httpx.ProxyError):
        return f"the proxy responded with {said[:3]}" if said[:3].isdigit() else "the proxy refused"
    if isinstance(error, httpx.NetworkError):
        return "the connection was cut"
    if isinstance(error, httpx.DecodingError):
        return "a compressed response that cannot be read"
    if isinstance(error, httpx.RemoteProtocolError):
        if any(getattr(one, "error_status_hint", 0) == 431 for one in causes):
            return "a response that is far too large"
        closed = "closed" in said or "disconnected" in said
        return "the connection was closed" if closed else "a response that is not HTTP"
    return plain(said, 200) or type(error).__name__


def _original(error: Exception, proxy: str | None) -> str:
    """The error's own words. They can repeat the proxy's address with its password."""
    login, at, _ = (proxy or "").rpartition("@")
    password = login.rpartition("//")[2].partition(":")[2] if at else ""
    said = without_secret(str(error), password, unquote(password))
    return plain(said, 200) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all its causes."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__  # httpcore's pool raises "from None"
