"""The grammar, and the limits that keep any text from costing more than a moment.

LALR(1) with a contextual lexer: what a word is depends on where it stands, so that a value may
hold colons (``2026-01-01T14:00``) and a field may not.
"""

LENGTH = 4_000  # characters
DEPTH = 50  # parentheses and negations within each other
CONDITIONS = 200

_QUOTES = r"""("(\\.|[^"\\])*"|'(\\.|[^'\\])*')"""

GRAMMAR = r"""
?start: any
?any: every (_OR every)*
?every: single (_AND? single)*
?single: _NOT single              -> no
       | _MINUS single            -> no
       | "(" any ")"              -> inside
       | _SAME "(" any ")"        -> same
       | (FIELD | METADATA) OPERATOR (QUOTED | BARE | METADATA) -> term

_AND.3: /and(?=[\s()]|$)/i
_OR.3: /or(?=[\s()]|$)/i
_NOT.3: /not(?=[\s()]|$)/i
_MINUS: "-"
_SAME.3: /subscription\s*(?=\()/i
METADATA.2: /metadata(\.[^\s:=<>~!()"'\[\]]+|\[\s*(QUOTES|[^\s"'\[\]()]+)\s*\])/i
FIELD: /[^\s:=<>~!()"'\[\]\-][^\s:=<>~!()"'\[\]]*/
OPERATOR: /[:=<>~!]+/
QUOTED: /QUOTES/
BARE: /[^\s()"':=<>~!][^\s()"']*/
SPACE: /\s+/
%ignore SPACE
""".replace("QUOTES", _QUOTES)
