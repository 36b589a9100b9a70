"""Prints every text that people can read in screens, commands and errors, module by module, so that
they can be read as one page: ``make strings``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import app

ROOT = Path(app.__file__).parent
# What is written for a database, a style sheet, a format or a pattern.
TECHNICAL = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|PRAGMA|FROM|WHERE|AND|OR|ORDER|GROUP|"
    r"JOIN|LEFT|SET|VALUES|ON|UNION|LIMIT|HAVING|RETURNING|EXISTS|CASE|NOT|FOREIGN|PRIMARY)\b"
    r"|\bFROM \w+|\w+ = \?|= excluded\.|[{};]\s*$|^\s*[.#&]\S+\s*\{|\(\?[:P<=!]"
)
SENTENCE = re.compile(r"[A-Za-z]{2,}[ ,.:…]+[A-Za-z({“‹]|^[A-Z][a-z]+\.?$")
FOLDERS = ("sandbox", "db/schema", "db/migration_steps")  # no one reads their texts in the product


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The texts of a module with their lines, without docstrings."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr | ast.JoinedStr):
            skipped |= {id(one) for one in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(_part, node.values))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            yield node.lineno, node.value


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    return f"‹{ast.unparse(inner).rpartition('.')[2][:24]}›"


def main() -> None:
    """Print them."""
    for file in sorted(ROOT.rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        if name.startswith(FOLDERS):
            continue
        found = sorted(
            {
                (line, " ".join(text.split()))
                for line, text in texts(ast.parse(file.read_text()))
                if SENTENCE.search(text) and not TECHNICAL.search(text)
            }
        )
        if found:
            print(f"\n{name}")
            for _, text in found:
                print(f"  {text}")


if __name__ == "__main__":
    main()
