"""The grammar, and the limits that keep every text quick to parse.

It is LALR(1) with a contextual lexer. The kind of a word depends on its position, so a value may
contain colons (``2026-01-01T14:00``) and a field may not.
"""

LENGTH = 8_000  # characters; a migrated filter of 4,000 may have become 7,200 long
DEPTH = 60  # nested parentheses and negations
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
