"""The pages that a browser opens at Stripe: the approval page and a small part of the Dashboard.

They need no key, because whoever opens a page counts as signed in. Only a POST changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, urlencode

from app.sandbox.server import approval_pages, params
from app.sandbox.server.client_connection import Request, Response
from app.sandbox.server.params import Query
from app.sandbox.server.state import State
from app.sandbox.world.errors import OAuthError
from app.sandbox.world.registered_app import Flavour, OAuth

INVALID = "The provided OAuth link is invalid"
_CHANNEL_LINK = re.compile(r"(chnlink|ch)_\w+", re.ASCII)
_ANOTHER_SITE = "This form was sent by another site"
_DENIED = {"error": "access_denied", "error_description": "The user denied your request"}


class _ConsentRequest(NamedTuple):
    """The valid parameters of an authorise link."""

    flavour: Flavour
    redirect_uri: str
    state: str | None
    fields: dict[str, str]


def _checked_request(oauth: OAuth, flavour: Flavour, query: Query) -> _ConsentRequest:
    """Check the parameters of an authorise link.

    Raises OAuthError (docs.stripe.com/connect/oauth-reference, "GET /authorize").
    """
    state, redirect = params.text(query, "state"), params.text(query, "redirect_uri")
    if flavour == "connect":
        _check_connect(query, state)
    if params.text(query, "client_id") != oauth.client_id:
        text = "No application matches the supplied client identifier"
        raise OAuthError("invalid_request", text, state=state)
    allowed = oauth.allowed()
    if redirect is not None and redirect not in allowed:
        text = (
            f"Invalid redirect URI '{redirect}'. Ensure this uri exactly matches one of the uris"
            " specified in your application settings"
        )
        raise OAuthError("invalid_redirect_uri", text, state=state)
    names = ("client_id", "redirect_uri", "state", "response_type", "scope")
    fields = {name: value for name in names if (value := params.text(query, name)) is not None}
    return _ConsentRequest(flavour, redirect or allowed[0], state, {"flavour": flavour} | fields)


def _check_connect(query: Query, state: str | None) -> None:
    kind, scope = params.text(query, "response_type"), params.text(query, "scope")
    if kind is None:
        raise OAuthError("invalid_request", "No response_type provided", state=state)
    if kind != "code":
        text = f"Response type '{kind}' is not supported"
        raise OAuthError("unsupported_response_type", text, state=state)
    # The default scope is read_only. Only Extensions may use it, and Stripe takes no new Extensions
    # (docs.stripe.com/connect/oauth-changes-for-standard-platforms).
    if scope != "read_write":
        text = f"Invalid scope provided: {scope or 'read_only'}"
        raise OAuthError("invalid_scope", text, state=state)


def _authorize(state: State, request: Request, link: str) -> Response:
    if link and not _CHANNEL_LINK.fullmatch(link):
        return _notice(INVALID, 400)
    try:
        query = params.parse(request.query)
        return _consent(state, _checked_request(state.world.oauth, "app", query))
    except OAuthError:
        return _notice(INVALID, 400)


def _authorize_connect(state: State, request: Request, _: str) -> Response:
    query = params.parse(request.query)
    return _consent(state, _checked_request(state.world.oauth, "connect", query))


def _consent(state: State, asked: _ConsentRequest) -> Response:
    connect = asked.flavour == "connect"
    page = approval_pages.consent(
        _account(state), asked.redirect_uri, asked.fields, connect=connect
    )
    return Response(200, approval_pages.headers([asked.redirect_uri]), page)


def _decision(state: State, request: Request, _: str) -> Response:
    """The form repeats the parameters of the link. They are checked again."""
    if _from_another_site(request):
        return _notice(_ANOTHER_SITE, 403)
    form, oauth = params.parse(request.body.decode("utf-8", "replace")), state.world.oauth
    flavour: Flavour = "connect" if params.text(form, "flavour") == "connect" else "app"
    decision = params.text(form, "decision")
    try:
        asked = _checked_request(oauth, flavour, form)
    except OAuthError:
        return _notice(INVALID, 400)
    if decision not in ("approve", "deny"):
        return _notice("Approve or deny", 400)
    added = {"code": oauth.approve(flavour)} if decision == "approve" else dict(_DENIED)
    if asked.state is not None:
        added["state"] = asked.state
    return _redirect(address(asked.redirect_uri, added))


def _dashboard(state: State, _: Request, __: str) -> Response:
    oauth = state.world.oauth
    page = approval_pages.dashboard(
        _account(state),
        installed=oauth.installed("app") is not None,
        connected=oauth.installed("connect") is not None,
    )
    return Response(200, approval_pages.headers(oauth.allowed()), page)


def _dashboard_install(state: State, request: Request, _: str) -> Response:
    if _from_another_site(request):
        return _notice(_ANOTHER_SITE, 403)
    return _redirect(install(state.world.oauth))


def _dashboard_remove(state: State, request: Request, _: str) -> Response:
    if _from_another_site(request):
        return _notice(_ANOTHER_SITE, 403)
    state.world.oauth.remove_all()
    return Response(303, [("Location", "/dashboard")])


def install(oauth: OAuth, redirect_uri: str | None = None) -> str:
    """Install the app from the Dashboard. Returns the address that the browser is redirected to.

    Raises ValueError for a redirect URI that is not registered.
    """
    allowed = oauth.allowed()
    if redirect_uri is not None and redirect_uri not in allowed:
        raise ValueError(f"redirect_uri is one of {', '.join(allowed)}")
    return address(redirect_uri or allowed[0], oauth.dashboard_install())


def address(uri: str, added: dict[str, str]) -> str:
    """A redirect URI with added parameters."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(added, quote_via=quote)}"


def _redirect(to: str) -> Response:
    return Response(302, [("Location", to), ("Cache-Control", "no-store")])


def _notice(text: str, status: int) -> Response:
    return Response(status, approval_pages.headers([]), approval_pages.notice(text))


def _account(state: State) -> tuple[str, str, bool]:
    world = state.world
    return world.account_name, world.account_id, world.livemode


def _from_another_site(request: Request) -> bool:
    """Browsers send the origin of the form's page. Other clients need not."""
    return request.headers.get("origin") not in (None, f"http://{request.headers.get('host')}")


ENDPOINTS: dict[str, Callable[[State, Request, str], Response]] = {
    "GET /oauth/v2/authorize": _authorize,
    "GET /oauth/v2/{link}/authorize": _authorize,
    "GET /oauth/authorize": _authorize_connect,
    "POST /oauth/decision": _decision,
    "GET /dashboard": _dashboard,
    "POST /dashboard/install": _dashboard_install,
    "POST /dashboard/remove": _dashboard_remove,
}
