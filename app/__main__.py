"""``panelist`` and ``python -m app``."""

import sys


def main() -> int:
    """Run the command line; the process's exit code."""
    from app.cli import run

    if sys.argv[1:]:  # the app has keys of its own
        from app.commands.shared.signals import end_at_second_signal

        end_at_second_signal()
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
