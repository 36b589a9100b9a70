"""The language in which a person says who is in a segment of their own.

In the manner of Stripe's search (docs.stripe.com/search): a field, an operator and a value, joined
by AND, OR, NOT and parentheses. docs/segments-and-filters.md is the whole language in words.
``parse`` reads it, ``compile`` makes SQL of it for both databases, ``complete`` helps while it is
typed, ``words`` says it again. The parser's library is imported when the first filter is read.
"""
