"""A keyring whose module has another name, as SecretService and kwallet have."""

from tests.credentials.backends import Elsewhere

__all__ = ["Elsewhere"]
