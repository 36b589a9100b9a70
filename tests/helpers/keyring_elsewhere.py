"""A keyring whose module has another name, as SecretService and kwallet have."""

from tests.helpers.keyring_backends import Elsewhere

__all__ = ["Elsewhere"]
