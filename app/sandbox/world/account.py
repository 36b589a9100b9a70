"""The account object (docs.stripe.com/api/accounts/object)."""

from app.sandbox.world.seeded import Obj
from app.sandbox.world.seeded_customers import GROWTH_SECONDS, PLANTED
from app.sandbox.world.world import World


def account(world: World) -> Obj:
    """The account object, as the account's own secret key gets it."""
    name = world.account_name
    return {
        "id": world.account_id,
        "object": "account",
        "business_profile": {
            "mcc": "5734",
            "name": name,
            "product_description": f"{PLANTED} product description",
            "support_address": None,
            "support_email": "support@northwind-harbor.example",
            "support_phone": None,
            "support_url": None,
            "url": "https://northwind-harbor.example",
        },
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": world.born - GROWTH_SECONDS - 90 * 86400,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "owner@northwind-harbor.example",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {
                "decline_on": {"avs_failure": True, "cvc_failure": True},
                "statement_descriptor_prefix": PLANTED.upper(),
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": PLANTED.upper(),
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }
