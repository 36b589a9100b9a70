"""Posts notices to a web address: signed JSON, or what Slack and its kind take."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from app.http_post import post
from app.network_failures import WireProblem
from app.notices.notice_watch import Notice
from app.problems import Problem
from app.settings import Settings

SIGNATURE = "Panelist-Signature"
SERVER = "The address of PANELIST_NOTICE_URL"


class NoticeNotPosted(Problem):
    """A notice did not arrive. The text says why."""


def post_notice(settings: Settings, notice: Notice) -> None:
    """Post a notice if the settings name an address. Raises NoticeNotPosted."""
    if not settings.notice_url:
        return
    slack = settings.notice_format == "slack"
    content = json.dumps({"text": notice.text} if slack else notice.json).encode()
    headers = {"Content-Type": "application/json"}
    if settings.notice_secret and not slack:
        headers[SIGNATURE] = signature(settings.notice_secret, content, int(time.time()))
    try:
        status, _ = post(settings.notice_url, SERVER, content=content, headers=headers)
    except WireProblem as problem:
        raise NoticeNotPosted(f"{problem.clause}. The notice was not posted.") from None
    if not 200 <= status < 300:
        raise NoticeNotPosted(f"{SERVER} responded with {status}. The notice was not posted.")


def signature(secret: str, content: bytes, at: int) -> str:
    """The header that proves who posted, in the form of Stripe's own
    (docs.stripe.com/webhooks/signature): ``t=`` the time, ``v1=`` HMAC-SHA256 of time and body."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + content, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"
