"""``python -m tests.helpers.renewal_process ACCOUNT``: says "ready", and for each line on
standard input asks Stripe three things at once with what the home of the environment keeps."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from app.credentials.factory import open_credentials
from app.settings import RequestRate, load
from app.sync.auth.oauth_app import registered
from app.sync.stripe.access import kept_access
from app.sync.stripe.client import StripeApi
from app.sync.stripe.pages import any_object


async def main(account: str) -> None:
    settings = load()
    credentials = open_credentials(settings)
    access = kept_access(credentials, partial(registered, settings, credentials), account, False)
    assert access
    print("ready", flush=True)
    for _ in sys.stdin:
        async with StripeApi(settings.stripe_api_base, access, RequestRate(None, None)) as api:
            asked = (api.page("/v1/customers", {"limit": 1}, any_object) for _ in range(3))
            print(len(await asyncio.gather(*asked)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
