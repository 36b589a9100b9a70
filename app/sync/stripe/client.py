"""The client for Stripe: authentication, the pinned version, rate limits, retries, and the meaning
of each error. The caller provides the reader that decodes an answer. Lists don't use stripe-python:
its typed objects cost 40 ms a page, and these half of one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

from app.credentials.store import CredentialProblem
from app.network_failures import WireProblem
from app.oauth.errors import OAuthProblem
from app.problems import Problem
from app.settings import RequestRate
from app.sync.stripe import foreign_answers as foreign
from app.sync.stripe.access import Access
from app.sync.stripe.pages import ListPage, UnreadableAnswer, any_object
from app.sync.stripe.rate_limits import DEFAULTS, RateLimits
from app.sync.stripe.transport import Headers, TooLarge, Transport
from app.sync.stripe.transport import Reply as Received

ATTEMPTS = 9
PATIENCE = 60.0  # seconds of nothing but 429 before the sync reports it
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 8.0

Parameters = Mapping[str, str | int]
Body = TypeVar("Body")
Reader = Callable[[bytes], Body]


class ProblemKind(Enum):
    """What a failure means for the sync."""

    REVOKED = "revoked"  # the credential no longer works, and once did
    EXPIRED = "expired"
    INVALID_KEY = "invalid key"
    FORBIDDEN = "forbidden"  # a permission is missing
    REFUSED = "refused"  # another 403, such as an address that is not allowed
    MISSING = "missing"
    CURSOR_GONE = "cursor gone"
    BAD_REQUEST = "bad request"
    TOO_LARGE = "too large"
    UNREACHABLE = "unreachable"  # no usable answer after every retry


ENDED = (
    ProblemKind.REVOKED,
    ProblemKind.EXPIRED,
    ProblemKind.INVALID_KEY,
)  # renewed access may solve these


class StripeProblem(Problem):
    """Stripe did not do what was asked. The text is a sentence and contains no secret."""

    def __init__(
        self, kind: ProblemKind, text: str, *, seq: int = 0, detail: str = "", request_id: str = ""
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.seq = seq  # of the request that was refused
        self.detail = detail  # Stripe's own message, with keys removed
        self.request_id = request_id
        self.beginning = b""  # of an answer that is too large
        self.date = 0


@dataclass(frozen=True)
class Reply(Generic[Body]):
    """A decoded answer. ``seq`` was taken when the request was sent. ``date`` is the server's clock
    when it responded with, in seconds since 1970."""

    seq: int
    body: Body
    date: int


class _Again(Exception):
    """This attempt failed, but the next may not. ``text`` says how."""

    def __init__(self, text: str, *, limited: bool = False, wait: float | None = None) -> None:
        super().__init__(text)
        self.limited = limited
        self.wait = wait


class Wire(Protocol):
    """Carries the requests: a ``Transport``, or stripe-python over one."""

    def send_with(self, headers: Headers) -> None: ...
    async def get(self, path: str, query: dict[str, str | int]) -> Received: ...
    async def close(self) -> None: ...


class StripeApi:
    """Requests with one access. Use as an async context manager, on one event loop.

    ``first_seq``: the sequence number of the first request, greater than any stored one.
    ``on_trouble``: called with a sentence when a request has to be tried again, and with "" when
    Stripe answers again. ``carrier``: makes what carries the requests.
    """

    def __init__(
        self,
        base: str,
        access: Access,
        rate: RequestRate | None,
        *,
        first_seq: int = 1,
        on_trouble: Callable[[str], None] = lambda _: None,
        carrier: Callable[[str, Headers], Wire] | None = None,
    ) -> None:
        self.livemode = access.livemode
        self.limits = RateLimits(rate or DEFAULTS[self.livemode])
        self.requests: Counter[str] = Counter()
        self.latency = 0.1  # seconds, recent average
        self.quickest = 1.0  # seconds, shortest latency
        self.ahead = 0.0  # seconds by which this computer's clock is ahead of Stripe's
        self._seq = first_seq - 1
        self._uncounted = 0
        self._on_trouble = on_trouble
        self._troubled = False
        self._access = access
        self._shown = access.headers
        self._wire: Wire = (carrier or Transport)(base, self._shown)

    async def __aenter__(self) -> StripeApi:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.close()

    async def page(self, path: str, parameters: Parameters, read: Reader[Body]) -> Reply[Body]:
        """A list, such as ``page("/v1/customers", {"limit": 100}, page_reader(Customer))``."""
        return await self.get(path, path, parameters, read)

    async def one(self, path: str, key: str, read: Reader[Body]) -> Reply[Body]:
        """A single object by its id. A missing one raises ProblemKind.MISSING."""
        return await self.get(f"{path}/:id", f"{path}/{quote(key, safe='')}", {}, read)

    async def get(
        self, endpoint: str, path: str, parameters: Parameters, read: Reader[Body]
    ) -> Reply[Body]:
        """GET, and try again until there is a usable answer or a final refusal.

        Raises StripeProblem. ``endpoint`` names the operation for limits and counts.
        """
        failures, started, renewed = 0, asyncio.get_running_loop().time(), False
        while True:
            await self.limits.wait(endpoint)
            used = await self._authorised()
            try:
                reply = await self._attempt(endpoint, path, parameters, read)
            except StripeProblem as problem:
                if problem.kind not in ENDED or renewed or not await self._renewed(used):
                    raise
                renewed = True
            except _Again as again:
                failures += not again.limited
                waited = asyncio.get_running_loop().time() - started
                if failures >= ATTEMPTS or (again.limited and waited > PATIENCE):
                    raise _unreachable(str(again)) from None
                pause = again.wait or _pause(max(1, failures))
                if again.limited or failures > 2:
                    self._tell(f"{again}; trying again")
                await asyncio.sleep(pause)
            else:
                self._tell("")
                return reply

    async def _authorised(self) -> Headers:
        """Make sure that the next request has valid headers."""
        if self._access.stale:
            await self._renewed(self._access.headers)
        if self._shown != self._access.headers:
            self._shown = self._access.headers
            self._wire.send_with(self._shown)
        return self._shown

    async def _renewed(self, used: Headers) -> bool:
        try:
            return await self._access.renew(used)
        except OAuthProblem as problem:
            kind = {"expired": ProblemKind.REVOKED, "unreachable": ProblemKind.UNREACHABLE}.get(
                problem.kind
            )
            raise StripeProblem(kind or ProblemKind.REFUSED, str(problem)) from None
        except CredentialProblem as problem:
            raise StripeProblem(ProblemKind.REFUSED, str(problem)) from None

    def next_seq(self) -> int:
        """A sequence number for a fact that needs no request."""
        self._seq += 1
        return self._seq

    def take_count(self) -> int:
        """Requests since the last call. Each counts once against the monthly allocation."""
        taken, self._uncounted = self._uncounted, 0
        return taken

    def _tell(self, text: str) -> None:
        if text or self._troubled:
            self._troubled = bool(text)
            self._on_trouble(text)

    async def _attempt(
        self, endpoint: str, path: str, parameters: Parameters, read: Reader[Body]
    ) -> Reply[Body]:
        seq = self.next_seq()
        self.requests[f"GET {endpoint}"] += 1
        self._uncounted += 1
        loop = asyncio.get_running_loop()
        sent = loop.time()
        try:
            status, headers, content = await self._wire.get(path, dict(parameters))
        except TooLarge as large:
            beyond = StripeProblem(
                ProblemKind.TOO_LARGE,
                "Stripe's response is far too large. Everything synced so far is kept. The"
                " sync tries again from there.",
                seq=seq,
            )
            beyond.beginning, beyond.date = large.beginning, int(time.time())
            raise beyond from None
        except WireProblem as problem:
            if problem.permanent:
                raise _unreachable(problem.clause, permanent=True) from None
            raise _Again(problem.clause) from None
        took = loop.time() - sent
        self.latency += 0.1 * (took - self.latency)
        self.quickest = min(self.quickest, took)
        if status == 429:
            wait = _retry_after(headers)
            self.limits.refused(endpoint, headers.get("stripe-rate-limited-reason", ""), wait)
            raise _Again("Stripe limits the request rate (429)", limited=True, wait=_jittered(wait))
        self.limits.accepted(endpoint)
        if 300 <= status < 400:
            raise _unreachable(foreign.redirected(status, headers), permanent=True)
        if status >= 500 or status == 409:
            raise _Again(foreign.failed(status, content))
        try:
            if status != 200:
                raise _problem(status, any_object(content), seq, headers.get("request-id", ""))
            body = read(content)
            if isinstance(body, ListPage):
                body.check_mode(self.livemode)
            date = _date(headers)
            self.ahead = time.time() - date
            return Reply(seq, body, date)
        except UnreadableAnswer:
            if foreign.is_page(headers):
                raise _unreachable(foreign.page(status, content), permanent=True) from None
            raise _Again(foreign.unreadable(status, content)) from None


def _date(headers: Headers) -> int:
    """The Date header (RFC 9110, 6.6.1). Nothing else tells the time of Stripe's clock."""
    try:
        return int(parsedate_to_datetime(headers.get("date", "")).timestamp())
    except ValueError:
        raise _Again("Stripe's response has no date") from None


def _retry_after(headers: Headers) -> float:
    """The Retry-After header. Stripe does not document it, but it is respected when sent."""
    try:
        return min(PATIENCE, max(0.0, float(headers.get("retry-after", "0.05"))))
    except ValueError:
        return 0.05


def _pause(failures: int) -> float:
    return _jittered(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)))


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.75, 1.5)


def _problem(status: int, body: dict[str, Any], seq: int, request_id: str) -> StripeProblem:
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    code, parameter = error.get("code"), error.get("param")
    detail = foreign.without_keys(str(error.get("message") or ""))
    kind, text = _meaning(status, code, parameter, detail)
    return StripeProblem(kind, text, seq=seq, detail=detail, request_id=request_id)


def _meaning(status: int, code: object, parameter: object, detail: str) -> tuple[ProblemKind, str]:
    if code in ("platform_api_key_expired", "account_invalid"):
        return ProblemKind.REVOKED, "Access was revoked in Stripe."
    if code == "api_key_expired":
        return ProblemKind.EXPIRED, "Stripe no longer accepts this key, because it has expired."
    if status == 401:
        return (
            ProblemKind.INVALID_KEY,
            "Stripe does not know this key. Check that you pasted the complete key.",
        )
    if code == "more_permissions_required" or (status == 403 and "permission" in detail.lower()):
        return ProblemKind.FORBIDDEN, "The key lacks a permission."
    if status == 403:
        return ProblemKind.REFUSED, f"Stripe refuses this key: {detail or 'it gives no reason'}"
    if code == "resource_missing" and parameter in ("starting_after", "ending_before"):
        return ProblemKind.CURSOR_GONE, "The list's position in Stripe was lost."
    if status == 404 or code == "resource_missing":
        return ProblemKind.MISSING, "Stripe does not have this object."
    return ProblemKind.BAD_REQUEST, f"Stripe rejected a request ({status})."


def _unreachable(why: str, *, permanent: bool = False) -> StripeProblem:
    then = (
        "Correct that, then try again" if permanent else "The sync continues when Stripe responds"
    )
    return StripeProblem(
        ProblemKind.UNREACHABLE,
        f"{why}. Everything synced so far is kept. {then}.",
    )
