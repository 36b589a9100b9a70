"""The rule that says who is in which segment, as one query.

It is a text and not a view, because the people asked for must be chosen inside it: each
subscription is then found once, by an index that holds all that is asked of it.
"""

from __future__ import annotations

LIVE = "('active', 'trialing', 'past_due')"


def belonging(condition: str, *, by_subscription: bool = True) -> str:
    """SELECT (participant id, segment id) for every place that participants ``p`` of a SQL
    ``condition`` have by the rules; a pair may come twice. A deleted participant is in none,
    and a segment that has not been made has nobody. Without ``by_subscription`` only the
    segments that do not follow from subscriptions, whose index may then be missing."""
    if not by_subscription:
        return f"""
WITH held AS (
  SELECT p.id AS participant_id, p.connection_id FROM participant p
  WHERE NOT p.deleted AND {condition}
)
{_ALL} WHERE true"""
    return f"""
WITH held AS MATERIALIZED (
  SELECT p.id AS participant_id, p.connection_id, s.id AS subscription_id, s.status
  FROM participant p
  LEFT JOIN subscription s
    ON s.connection_id = p.connection_id AND s.customer = p.stripe_id AND NOT s.deleted
  WHERE NOT p.deleted AND {condition}
)
{_ALL} {_BY_SUBSCRIPTION}"""


_ALL = """
SELECT h.participant_id, g.id FROM held h
  JOIN segment g ON g.connection_id = h.connection_id AND g.key = 'all'"""

_BY_SUBSCRIPTION = f"""
UNION ALL
SELECT h.participant_id, g.id FROM held h
  JOIN segment g ON g.connection_id = h.connection_id AND g.key = h.status
  WHERE h.status IN {LIVE}
UNION ALL
SELECT h.participant_id, g.id FROM held h
  JOIN subscription_item i ON i.subscription_id = h.subscription_id
  JOIN segment g ON g.connection_id = h.connection_id AND g.product = i.product
  WHERE h.status IN {LIVE}
UNION ALL
SELECT h.participant_id, g.id FROM held h
  JOIN segment g ON g.connection_id = h.connection_id AND g.key = 'none'
  WHERE h.subscription_id IS NULL
UNION ALL
SELECT h.participant_id, g.id FROM held h
  JOIN segment g ON g.connection_id = h.connection_id AND g.key = 'canceled'
  GROUP BY h.participant_id, g.id
  HAVING count(CASE WHEN h.status = 'canceled' THEN 1 END) > 0
    AND count(CASE WHEN h.status IN {LIVE} THEN 1 END) = 0"""
