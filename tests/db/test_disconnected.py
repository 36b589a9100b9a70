"""An account that was left takes nothing more, whoever still fetches."""

from __future__ import annotations

import pytest

from app.db import connections
from app.db.rows import Fetched
from app.db.store import Store
from tests.helpers import rows


def test_nothing_is_stored_after_a_disconnection(store: Store) -> None:
    to = rows.connection(store)
    rows.send(store, to, Fetched(1, participants=[rows.person("cus_1")]))
    connections.disconnect(store, to, "by you")
    with pytest.raises(connections.Disconnected):
        rows.send(store, to, Fetched(2, participants=[rows.person("cus_2")]))
    assert store.rows("SELECT stripe_id FROM participant") == [("cus_1",)]
    again = connections.record(store, "stripe", *store.row(
        "SELECT account, livemode, account_name, method FROM connection WHERE id = ?", (to,)
    ))  # fmt: skip
    assert again == to
    rows.send(store, to, Fetched(3, participants=[rows.person("cus_3")]))
    assert len(store.rows("SELECT 1 FROM participant")) == 2
