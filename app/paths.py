"""Where Panelist keeps its files and finds its assets: the only module that knows a folder.

Every file lies under one home. It is ``PANELIST_HOME`` when that is set, else the
platform's folder for application data. Folders are made 0700 and files 0600, whatever
the umask of the shell that started Panelist.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds everything Panelist writes (it may not exist yet)."""
    named = environ.get("PANELIST_HOME")
    if named:
        return Path(named).expanduser()
    import platformdirs  # 20 ms that --help does not need

    return Path(platformdirs.user_data_dir("panelist", appauthor=False))


def private_umask() -> None:
    """Make every file this process creates readable by its owner only."""
    os.umask(0o077)


def make_private(folder: Path) -> Path:
    """Create ``folder`` for its owner only and return it. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def database(home: Path) -> Path:
    """The SQLite file."""
    return home / "panelist.db"


def settings_file(home: Path) -> Path:
    """The settings a person may write: TOML, without secrets."""
    return home / "settings.toml"


def credentials_folder(home: Path) -> Path:
    """Where tokens and keys lie, encrypted unless somebody chose otherwise."""
    return home / "credentials"


def log_file(home: Path) -> Path:
    """Where Panelist tells what went wrong, without names, emails or keys."""
    return home / "panelist.log"


def no_core_dumps() -> None:
    """A crash must not leave this process's memory, keys included, in a file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def asset(name: str) -> Path:
    """A file that Panelist ships: the stylesheet, the themes. It lies in the package when
    Panelist was installed from a wheel, and at the top of the checkout otherwise."""
    code = Path(__file__).parent
    shipped = code / "assets" / name
    return shipped if shipped.exists() else code.parent / "assets" / name
