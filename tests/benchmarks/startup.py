"""How long `panelist --help` takes, against a Python that does nothing.

Both are run in turn, so that what else this machine does meets both alike.
"""

from __future__ import annotations

import argparse
import statistics

from tests.benchmarks import running

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -m app --help": ["-m", "app", "--help"],
}


def main() -> None:
    """Print medians, and how much Panelist adds."""
    parser = argparse.ArgumentParser(prog="startup", description=__doc__)
    parser.add_argument("--runs", type=running.count, default=20, metavar="N", help="of each (20)")
    asked = parser.parse_args()
    running.load()
    ended: dict[str, list[running.Timed]] = {name: [] for name in COMMANDS}
    for turn in range(asked.runs + 1):
        for name, arguments in COMMANDS.items():
            once = running.timed(arguments)
            if turn:  # the first pair only warms the disk
                ended[name].append(once)
    rows = []
    bare = statistics.median(one.wall for one in ended["python -c pass"])
    for name, times in ended.items():
        median = statistics.median(one.wall for one in times)
        rows.append(
            (
                name,
                running.spread([one.wall * 1000 for one in times], ".0f"),
                running.spread([one.cpu * 1000 for one in times], ".0f"),
                f"{(median - bare) * 1000:+.0f}",
                f"{median / bare:.2f}",
            )
        )
    running.table(("command", "wall ms", "CPU ms", "more ms", "ratio"), rows)


if __name__ == "__main__":
    main()
