"""Whatever is put, deleted, moved and opened again, it is a dictionary that forgets nothing."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.credentials.store import TokenStore
from tests.helpers.credentials import PASSPHRASE, everything, holding, left, opened
from tests.helpers.depth import examples
from tests.helpers.keyring_backends import Memory

names = st.sampled_from(["a", "stripe acct_1 live", "ü/../\0", ""])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
secrets = st.dictionaries(st.text(max_size=5), values, max_size=3)
places = st.sampled_from(
    [*[TokenStore.KEYRING, TokenStore.PLAIN, TokenStore.PASSPHRASE] * 3, TokenStore.SESSION]
)


class Kept(RuleBasedStateMachine):
    """One home against a dictionary; two objects on it stand for two processes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.home = self.folder / "home"
        Memory.kept.clear()
        self.model: dict[str, Any] = {}
        self.place: TokenStore | None = None
        self.reopen()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule()
    def reopen(self) -> None:
        self.store = opened(self.home, passphrase=PASSPHRASE)
        if self.place is TokenStore.SESSION:
            self.model, self.place = {}, None

    @rule(name=names, secret=secrets)
    def put(self, name: str, secret: dict[str, Any]) -> None:
        self.store.put(name, {"mark": "canary", **secret})
        self.model[name] = {"mark": "canary", **secret}
        self.place = self.place or TokenStore.KEYRING

    @rule(name=names, secret=secrets)
    def put_elsewhere(self, name: str, secret: dict[str, Any]) -> None:
        if self.place not in (None, TokenStore.SESSION):
            opened(self.home, passphrase=PASSPHRASE).put(name, secret)
            self.model[name] = secret

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.store.delete(name)
        self.model.pop(name, None)

    @rule(place=places)
    def choose(self, place: TokenStore) -> None:
        self.store.choose(place)
        self.place = place

    @rule()
    def ensure(self) -> None:
        self.store.ensure()
        self.place = self.place or TokenStore.KEYRING

    @rule(place=places)
    def probe(self, place: TokenStore) -> None:
        self.store.probe(place)

    @invariant()
    def it_is_the_same(self) -> None:
        assert self.store.token_store is self.place
        assert everything(self.store) == self.model

    @invariant()
    def nothing_else_lies_about(self) -> None:
        on_disk = self.place not in (None, TokenStore.SESSION)
        assert len(left(self.home)) == 2 * on_disk
        assert len(Memory.kept) == (self.place is TokenStore.KEYRING)
        assert self.place is TokenStore.PLAIN or holding(self.home, "canary") == []


TestKept = Kept.TestCase
TestKept.settings = settings(max_examples=examples(15), stateful_step_count=25)
pytestmark = pytest.mark.deep
