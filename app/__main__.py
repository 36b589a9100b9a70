"""``panelist`` and ``python -m app``."""

import sys


def main() -> int:
    """Run the command line; the process's exit code."""
    from app.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
