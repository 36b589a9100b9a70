"""``panelist`` and ``python -m app``."""

import sys

WINDOWS = (
    "Panelist does not run on Windows itself. Nothing was changed. Install it in WSL, the Windows"
    " Subsystem for Linux, and run it there: https://learn.microsoft.com/windows/wsl/install"
)


def main() -> int:
    """Run the command line; the process's exit code."""
    if sys.platform == "win32":
        print(WINDOWS, file=sys.stderr)
        return 1
    from app.cli import run

    if sys.argv[1:]:  # the app has keys of its own
        from app.commands.shared.signals import end_at_second_signal

        end_at_second_signal()
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
