"""Draws all pictures again, for the tests and for the documentation: ``make pictures``."""

from __future__ import annotations

from app.paths import asset
from tests.helpers.quick_textual import quick_apps
from tests.pictures.drawing import written_worlds
from tests.pictures.files import DEEP, STORED, SUMS, first_stage, snapshots, sums


def main() -> None:
    """Write every file that changed, and delete those of screens that are gone."""
    with quick_apps(), written_worlds() as worlds:
        snaps, shown = first_stage(worlds)
        files = {STORED / name: text for name, text in snaps.items()}
        files |= {asset(name): text for name, text in shown.items()}
        lines = [line for other in DEEP for line in sums(snapshots(worlds, *other))]
        files[STORED / SUMS] = "\n".join([*lines, ""])
    for file, text in files.items():
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            print(file)
    for file in STORED.glob("**/*.txt"):
        if file not in files:
            file.unlink()


if __name__ == "__main__":
    main()
