"""The filter language, in which a researcher defines a custom segment.

It resembles Stripe's search (docs.stripe.com/search): conditions of a field, an operator and a
value, joined by AND, OR, NOT and parentheses. docs/segments-and-filters.md describes the language.
``parse`` reads a filter, ``compile`` turns it into SQL for both databases, ``complete`` suggests
what to type next, ``describe`` puts it into words and ``unparse`` writes it as text. The parser's
library is imported when the first filter is read.
"""
