"""What a browser asks of Stripe: the page to approve on, its decision, a little Dashboard.

No key: whoever opens the page counts as signed in. Only a POST decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, urlencode

from app.sandbox.server import approval_pages as approval
from app.sandbox.server import params
from app.sandbox.server.connection import Request, Response
from app.sandbox.server.params import Query
from app.sandbox.server.state import State
from app.sandbox.world.errors import OAuthError
from app.sandbox.world.oauth import Flavour, OAuth

INVALID = "The provided OAuth link is invalid"
_CHANNEL_LINK = re.compile(r"(chnlink|ch)_\w+", re.ASCII)
_ANOTHER_SITE = "This form was sent by another site"
_DENIED = {"error": "access_denied", "error_description": "The user denied your request"}


class _ConsentRequest(NamedTuple):
    """What an authorise link asks for, found to be in order."""

    flavour: Flavour
    redirect_uri: str
    state: str | None
    fields: dict[str, str]


def _asked(oauth: OAuth, flavour: Flavour, query: Query) -> _ConsentRequest:
    """Raises OAuthError (docs.stripe.com/connect/oauth-reference, "GET /authorize")."""
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
    # The default scope is read_only, and only Extensions may use it, of which there are no new
    # ones (docs.stripe.com/connect/oauth-changes-for-standard-platforms).
    if scope != "read_write":
        text = f"Invalid scope provided: {scope or 'read_only'}"
        raise OAuthError("invalid_scope", text, state=state)


def _authorize(state: State, request: Request, link: str) -> Response:
    if link and not _CHANNEL_LINK.fullmatch(link):
        return _notice(INVALID, 400)
    try:
        return _consent(state, _asked(state.world.oauth, "app", params.parse(request.query)))
    except OAuthError:
        return _notice(INVALID, 400)


def _authorize_connect(state: State, request: Request, _: str) -> Response:
    return _consent(state, _asked(state.world.oauth, "connect", params.parse(request.query)))


def _consent(state: State, asked: _ConsentRequest) -> Response:
    connect = asked.flavour == "connect"
    page = approval.consent(_account(state), asked.redirect_uri, asked.fields, connect=connect)
    return Response(200, approval.headers([asked.redirect_uri]), page)


def _decision(state: State, request: Request, _: str) -> Response:
    """The form carries what the link asked for; it is checked again."""
    if _from_another_site(request):
        return _notice(_ANOTHER_SITE, 403)
    form, oauth = params.parse(request.body.decode("utf-8", "replace")), state.world.oauth
    flavour: Flavour = "connect" if params.text(form, "flavour") == "connect" else "app"
    decision = params.text(form, "decision")
    try:
        asked = _asked(oauth, flavour, form)
    except OAuthError:
        return _notice(INVALID, 400)
    if decision not in ("approve", "deny"):
        return _notice("Approve or deny", 400)
    said = {"code": oauth.approve(flavour)} if decision == "approve" else dict(_DENIED)
    if asked.state is not None:
        said["state"] = asked.state
    return _redirect(address(asked.redirect_uri, said))


def _dashboard(state: State, _: Request, __: str) -> Response:
    oauth = state.world.oauth
    page = approval.dashboard(
        _account(state),
        installed=oauth.installed("app") is not None,
        connected=oauth.installed("connect") is not None,
    )
    return Response(200, approval.headers(oauth.allowed()), page)


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
    """Install the app from the Dashboard; where the browser is sent. Raises ValueError."""
    allowed = oauth.allowed()
    if redirect_uri is not None and redirect_uri not in allowed:
        raise ValueError(f"redirect_uri is one of {', '.join(allowed)}")
    return address(redirect_uri or allowed[0], oauth.dashboard_install())


def address(uri: str, said: dict[str, str]) -> str:
    """A redirect URI with parameters added to those it has."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(said, quote_via=quote)}"


def _redirect(to: str) -> Response:
    return Response(302, [("Location", to), ("Cache-Control", "no-store")])


def _notice(text: str, status: int) -> Response:
    return Response(status, approval.headers([]), approval.notice(text))


def _account(state: State) -> tuple[str, str, bool]:
    world = state.world
    return world.account_name, world.account_id, world.livemode


def _from_another_site(request: Request) -> bool:
    """Browsers name the page a form is on; other clients need not."""
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
