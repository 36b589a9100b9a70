"""The endpoints for the developer of an app: tokens, deauthorising and installs.

Sources: docs.stripe.com/stripe-apps/api-authentication/oauth,
docs.stripe.com/connect/oauth-reference and docs.stripe.com/api/apps/installs.
"""

from __future__ import annotations

from collections.abc import Callable

from app.sandbox.server import api, params, wire
from app.sandbox.server.client_connection import Request, Response
from app.sandbox.server.params import Query
from app.sandbox.server.state import SandboxOptions, State
from app.sandbox.world import errors
from app.sandbox.world.errors import PERMISSIONS, OAuthError, StripeError
from app.sandbox.world.registered_app import RESOURCES, Flavour, Install
from app.sandbox.world.seeded import Obj
from app.sandbox.world.world import World

TOKEN_ENDPOINTS = ("POST /v1/oauth/token", "POST /oauth/token")

_SIGN_IN = b"<!doctype html><title>Guest Wi-Fi</title><h1>Sign in to the guest network</h1>"
_GRANTS = {"authorization_code": "code", "refresh_token": "refresh_token"}
_FILTERS = ("app", "account", "channel", "status")
_COMMON = ("limit", "starting_after", "ending_before", "expand")


def refusal(error: StripeError) -> Response:
    """The response for an error."""
    return Response(error.status, [*error.headers.items()], wire.encode(error.body))


def _token(state: State, request: Request, _: str) -> Response:
    return _tokens(state, request, "app")


def _token_connect(state: State, request: Request, _: str) -> Response:
    return _tokens(state, request, "connect")


def _tokens(state: State, request: Request, flavour: Flavour) -> Response:
    fault = state.options.token_fault
    faulty = _faulty_answer(fault, state.options)
    if faulty is not None:
        return faulty
    try:
        answer = Response(200, body=wire.encode(_granted(state, request, flavour)))
    except StripeError as error:
        answer = refusal(error)
    if fault == "nothing":
        answer.fault = "close"
    return answer


def _faulty_answer(fault: str, options: SandboxOptions) -> Response | None:
    """The answer of a fault that replaces the whole request; None for any other fault."""
    if fault == "302":
        return Response(302, [("Location", options.token_redirect)])
    if fault == "400":
        return refusal(OAuthError("invalid_request", "Something is wrong with this request"))
    if fault == "500":
        return refusal(errors.server_error())
    if fault == "html":
        return Response(200, [("Content-Type", "text/html")], _SIGN_IN)
    return None


def _granted(state: State, request: Request, flavour: Flavour) -> Obj:
    world, life = state.world, state.options.token_life
    is_developer, form = _is_developer(state, request), _form(request)
    grant = params.text(form, "grant_type")
    if not grant:
        raise OAuthError("invalid_request", "No grant type specified")
    if grant not in _GRANTS:
        raise OAuthError("unsupported_grant_type", f"Unsupported grant type: {grant}")
    name = _GRANTS[grant]
    value = params.text(form, name)
    if not value:
        raise OAuthError("invalid_request", f"No {name} provided")
    if not is_developer:
        raise errors.foreign_grant()
    take = world.oauth.exchange if name == "code" else world.oauth.refresh
    made = take(flavour, value, life)
    if state.options.expires_in and flavour == "app":
        made["expires_in"] = int(life)
    return made


def _is_developer(state: State, request: Request) -> bool:
    """True for the developer's secret key, False for the account's own. Raises 401 and 403 for
    other keys."""
    world, key = state.world, api.key_of(request.headers)
    if key in (world.client_secret, world.secret_key):
        return key == world.client_secret
    if key == world.restricted_key or world.oauth.issued(key) or key in state.options.keys:
        raise errors.not_developer(key, world.account_id)
    raise errors.invalid_key(key)


def _form(request: Request) -> Query:
    return params.parse(request.body.decode("utf-8", "replace"))


def _deauthorize(state: State, request: Request, _: str) -> Response:
    """Disconnect a Connect account. Stripe documents this for Connect only, not for apps."""
    oauth = state.world.oauth
    is_developer, form = _is_developer(state, request), _form(request)
    client, account = params.text(form, "client_id"), params.text(form, "stripe_user_id")
    if not client or not account:
        missing = "client_id" if not client else "stripe_user_id"
        raise OAuthError("invalid_request", f"No {missing} provided")
    if not is_developer or client != oauth.client_id:
        raise OAuthError("invalid_client", f"No such application: '{client}'", 401)
    install = oauth.installed("connect")
    if account != oauth.account or install is None:
        raise errors.not_connected(account)
    oauth.remove(install)
    return _json({"stripe_user_id": account})


def _installs(state: State, request: Request, _: str) -> Response:
    """The list of installs, which has at most one.

    The developer names the app, or the account in the Stripe-Account header. Without either, the
    request is about the developer's own account, which has no installs
    (docs.stripe.com/api/apps/installs/list).
    """
    world, caller = state.world, _installer(state, request)
    query = params.parse(request.query)
    for name in query:
        if name not in (*_FILTERS, *_COMMON):
            raise errors.bad_param(name, f"This sandbox does not filter by {name}")
    paging = params.paging(query)
    for name in ("starting_after", "ending_before"):
        cursor = params.text(query, name)
        if cursor is not None and all(cursor != install.id for install in world.oauth.installs):
            raise errors.missing("app install", cursor, name)
    found = [_shown(world, i) for i in world.oauth.installs if i.living and i.flavour == "app"]
    if caller.account != world.account_id and "app" not in query:
        found = []
    wanted = {name: query[name] for name in _FILTERS if name in query}
    found = [shown for shown in found if wanted.items() <= shown.items()]
    if paging.starting_after or paging.ending_before:
        found = []
    return _json({"object": "list", "data": found, "has_more": False, "url": "/v1/apps/installs"})


def _install(state: State, request: Request, identifier: str) -> Response:
    _installer(state, request)
    return _json(_shown(state.world, _known(state.world, identifier)))


def _uninstall(state: State, request: Request, identifier: str) -> Response:
    _installer(state, request)
    install = _known(state.world, identifier)
    state.world.oauth.remove(install)
    return _json(_shown(state.world, install) | {"status": "uninstalling"})


def _installer(state: State, request: Request) -> api.Caller:
    """The caller, which must be the developer or the account with its secret key."""
    world = state.world
    caller = api.authenticate(world, state.access(), request.headers)
    if caller.key not in (world.client_secret, world.secret_key):
        raise errors.not_developer(caller.key, world.account_id)
    return caller


def _known(world: World, identifier: str) -> Install:
    for install in world.oauth.installs:
        if install.id == identifier and install.living and install.flavour == "app":
            return install
    raise errors.missing("app install", identifier)


def _shown(world: World, install: Install) -> Obj:
    """The `apps.install` object."""
    return {
        "id": install.id,
        "object": "apps.install",
        "account": world.account_id,
        "app": world.oauth.app_id,
        "approval_required": False,
        "auth_code": None,
        "channel": "public" if world.livemode else "testing",
        "content_security_policy_granted": {"connect_src": [], "image_src": []},
        "content_security_policy_pending": {"connect_src": [], "image_src": []},
        "created": install.created,
        "created_by": None,
        "endpoints_granted": [],
        "endpoints_pending": [],
        "livemode": world.livemode,
        "permissions_granted": [PERMISSIONS[resource][1] for resource in RESOURCES],
        "permissions_pending": [],
        "status": "installed",
    }


def _json(value: Obj) -> Response:
    return Response(200, body=wire.encode(value))


ENDPOINTS: dict[str, Callable[[State, Request, str], Response]] = {
    "POST /v1/oauth/token": _token,
    "POST /oauth/token": _token_connect,
    "POST /oauth/deauthorize": _deauthorize,
    "GET /v1/apps/installs": _installs,
    "GET /v1/apps/installs/{id}": _install,
    "POST /v1/apps/installs/{id}/uninstall": _uninstall,
}
