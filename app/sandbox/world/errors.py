"""Stripe's error answers (docs.stripe.com/error-codes, docs.stripe.com/api/errors)."""

from app.sandbox.world.seeded import Obj

_DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An error answer: its status, its `error` object and extra headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        error: Obj = {"code": code, "doc_url": _DOCS + code.replace("_", "-") if code else None}
        error |= {"message": message, "param": param, "type": kind}
        self.body: Obj = {"error": {key: value for key, value in error.items() if value}}


class OAuthError(StripeError):
    """The error answer of OAuth endpoints (RFC 6749, 5.2; docs.stripe.com/connect/oauth-reference).

    `state` repeats the one of the request.
    """

    def __init__(
        self, error: str, description: str, status: int = 400, state: str | None = None
    ) -> None:
        super().__init__(status, description)
        self.body = {"error": error, "error_description": description}
        if state is not None:
            self.body["state"] = state


def foreign_grant() -> OAuthError:
    """A code or refresh token of another app, or of the other kind of OAuth."""
    return OAuthError("invalid_grant", "Authorization code provided does not belong to you")


def not_developer(key: str, account: str) -> StripeError:
    """403 for a key that is not the developer's, where only that key is accepted (Stripe Apps,
    OAuth 2.0, "Common mistake")."""
    return StripeError(
        403,
        f"You do not have the required permissions. The provided key '{masked(key)}' does not have"
        f" the required permissions for this endpoint on account '{account}'.",
        code="more_permissions_required",
    )


def not_connected(account: str) -> OAuthError:
    return OAuthError(
        "invalid_client",
        f"This application is not connected to stripe account {account}, or that account does not"
        " exist.",
        401,
    )


def no_key() -> StripeError:
    return StripeError(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
        "https://stripe.com/docs/api#authentication for details, or we can help at "
        "https://support.stripe.com/.",
        headers={"WWW-Authenticate": 'Bearer realm="Stripe"'},
    )


def masked(key: str) -> str:
    """A key as Stripe repeats it: its start and its last four characters.

    As at Stripe, a text that isn't a key is repeated in full.
    """
    if not key.startswith(("sk_", "rk_", "pk_")):
        return key
    return f"{key[:8]}{'*' * max(len(key) - 12, 3)}{key[-4:]}"


def invalid_key(key: str) -> StripeError:
    return StripeError(401, f"Invalid API Key provided: {masked(key)}")


def hiccup() -> StripeError:
    """A refusal that has nothing to do with the key."""
    return StripeError(401, "internal auth hiccup", kind="api_error")


def expired_key(key: str) -> StripeError:
    shown = f"{key[:8]}***{key[-3:]}"
    return StripeError(401, f"Expired API Key provided: {shown}", code="api_key_expired")


def revoked_key() -> StripeError:
    return StripeError(
        401,
        "The API key provided by your Connect platform has expired, or the connected account has "
        "been disconnected from the platform.",
        code="platform_api_key_expired",
    )


def no_access(key: str, account: str) -> StripeError:
    return StripeError(
        403,
        f"The provided key '{masked(key)}' does not have access to account '{account}' (or that "
        "account does not exist). Application access may have been revoked.",
        code="account_invalid",
    )


# The label in the Dashboard and the manifest name of each permission (Stripe Apps, "Permissions").
PERMISSIONS = {
    "customers": ("Customers Read", "customer_read"),
    "subscriptions": ("Subscriptions Read", "subscription_read"),
    "subscription_items": ("Subscriptions Read", "subscription_read"),
    "products": ("Products Read", "product_read"),
    "prices": ("Prices Read", "plan_read"),
    "events": ("Events Read", "event_read"),
    "account": ("Basic Business Contact Information Read", "accounts_kyc_basic_read"),
}


def forbidden(key: str, account: str, resource: str) -> StripeError:
    label, name = PERMISSIONS[resource]
    shown = f"{key[:8]}***{key[-6:]}"
    return StripeError(
        403,
        f"Permission denied. The provided key '{shown}' does not have the required permissions "
        f"for this endpoint on account '{account}'. Enabling \"{label}\" ('{name}') permissions "
        "on this key would allow this request to continue.",
        code="more_permissions_required",
    )


def missing(kind: str, text: str, param: str = "id") -> StripeError:
    """404 if the requested object is unknown, 400 if a parameter names an unknown one."""
    return StripeError(
        404 if param == "id" else 400,
        f"No such {kind}: '{text}'",
        code="resource_missing",
        param=param,
    )


def aged_out(text: str) -> StripeError:
    return StripeError(
        404,
        f"Event {text} is no longer available because it's aged out of our retention policy",
        code="resource_missing",
        param="id",
    )


def unknown_url(method: str, path: str) -> StripeError:
    return StripeError(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we "
        "can help at https://support.stripe.com/.",
    )


def bad_param(param: str, message: str, code: str | None = None) -> StripeError:
    return StripeError(400, message, code=code, param=param)


def rate_limited(reason: str) -> StripeError:
    """`reason`: global-rate, endpoint-rate, … (docs.stripe.com/rate-limits)."""
    return StripeError(
        429,
        "Request rate limit exceeded. You can learn more about rate limits here "
        "https://stripe.com/docs/rate-limits.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def lock_timeout() -> StripeError:
    return StripeError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it. If you see this error intermittently, retry the request. If "
        "you see this error frequently and are making multiple concurrent requests to a single "
        "object, make your requests serially or at a lower rate. For more details, see "
        "https://stripe.com/docs/rate-limits#object-lock-timeouts.",
        code="lock_timeout",
        headers={"Stripe-Should-Retry": "true"},
    )


def server_error(should_retry: str | None = "false") -> StripeError:
    headers = {} if should_retry is None else {"Stripe-Should-Retry": should_retry}
    return StripeError(500, "An unknown error occurred", kind="api_error", headers=headers)
