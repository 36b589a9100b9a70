"""``panelist screenshot``: saves a picture of a screen, with names and emails masked."""

from __future__ import annotations

import argparse

from app.commands.shared.arguments import add_output, add_quiet

SCREENS = ("connect", "status", "segments", "studies")


EXAMPLES = {
    "screenshot": ("screenshot segments", "screenshot status --size 80x24 -o status.svg"),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add its options."""
    parser.description = (
        "Saves a picture of a screen of the app as SVG. Names, emails and phone numbers are masked."
        " Nothing is synced or sent for it."
    )
    parser.add_argument(
        "screen",
        nargs="?",
        choices=SCREENS,
        default="status",
        metavar="SCREEN",
        help=f"One of {', '.join(SCREENS)} (default: status)",
    )
    parser.add_argument(
        "--size",
        type=_size,
        default=(120, 40),
        metavar="COLUMNSxROWS",
        help="The size of the terminal (default: 120x40)",
    )
    parser.add_argument("--theme", metavar="NAME", help="A theme of the app (default: yours)")
    add_output(parser)
    add_quiet(parser)


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and len(text) <= 9):
        raise argparse.ArgumentTypeError("use columns and rows, such as 120x40")
    size = int(columns), int(rows)
    if not (40 <= size[0] <= 500 and 10 <= size[1] <= 300):
        raise argparse.ArgumentTypeError("use a size from 40x10 to 500x300")
    return size


def run(options: argparse.Namespace) -> int:
    """Save the picture."""
    from app.commands.screenshot.masked_picture import save_picture

    return save_picture(options)
