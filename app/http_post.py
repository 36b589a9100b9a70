"""One POST request, with this computer's proxy and certificates, and with limits on the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.certificates import trusted
from app.httpx_setup import prepare_httpx
from app.network_failures import WireProblem, unusable_address, wire_problem
from app.proxies import check_proxy, proxy_for

if TYPE_CHECKING:
    import httpx

SILENCE = 10.0  # seconds without a byte after which a server counts as gone
DEADLINE = 30.0  # seconds for one whole answer
BODY_LIMIT = 256 * 2**10  # bytes; anything may answer


def post(
    url: str,
    server: str,
    *,
    form: Mapping[str, str] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send a form or ``content``, once. Returns the status and the body of the answer. ``server``:
    its name, for a person. Raises WireProblem if no whole answer came."""
    prepare_httpx()
    import httpx

    proxy = proxy_for(url)
    try:
        return asyncio.run(_post(url, proxy, dict(form) if form else None, content, headers))
    except httpx.HTTPError as error:
        raise wire_problem(error, proxy, server) from None
    except TimeoutError:
        raise WireProblem("no response in time", server=server) from None
    except _TooLarge:
        raise WireProblem("a response that is far too large", server=server) from None
    except (httpx.InvalidURL, ValueError, ImportError) as error:  # from a proxy address
        raise unusable_address(error, proxy, server) from None


class _TooLarge(Exception):
    pass


async def _post(
    url: str,
    proxy: str | None,
    form: dict[str, str] | None,
    content: bytes | None,
    headers: Mapping[str, str] | None,
) -> tuple[int, bytes]:
    parts, size = [], 0
    async with (
        asyncio.timeout(DEADLINE),
        _client(url, proxy) as client,
        client.stream("POST", url, data=form, content=content, headers=headers) as answer,
    ):
        async for part in answer.aiter_raw():
            size += len(part)
            if size > BODY_LIMIT:
                raise _TooLarge
            parts.append(part)
        return answer.status_code, b"".join(parts)


def _client(url: str, proxy: str | None) -> httpx.AsyncClient:
    check_proxy(proxy)
    import httpx

    tunnelled = bool(proxy and proxy.startswith("https:"))
    trusting = trusted() if tunnelled or url.startswith("https:") else None
    return httpx.AsyncClient(
        verify=trusting or False,  # without TLS there are no certificates to check
        proxy=httpx.Proxy(proxy, ssl_context=trusting if tunnelled else None) if proxy else None,
        trust_env=False,  # otherwise it would send passwords of ~/.netrc
        timeout=SILENCE,
        headers={"Accept-Encoding": "identity"},  # a packed answer may be a thousand times as large
    )
