"""The folders of Panelist's files and assets. No other module knows them.

Every file lies in one home folder: ``PANELIST_HOME`` if that is set, otherwise the platform's
folder for application data. Only the witness (:mod:`app.invites.witness`) lies in another folder,
so that it stays when the home is put back from a copy. Folders are made 0700 and files 0600,
whatever the umask of the shell that started Panelist.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from app.problems import Problem


class NoHomeFolder(Problem):
    """There is no folder for Panelist's files. The text says what to do."""


def _named_folder(variable: str, environ: Mapping[str, str]) -> Path | None:
    """The folder that a variable names, which may not exist yet. Raises NoHomeFolder if something
    else has that name."""
    named = environ.get(variable)
    if not named:
        return None
    folder = Path(named).expanduser()
    there = next((one for one in (folder, *folder.parents) if os.path.exists(one)), folder)
    if os.path.exists(there) and not os.path.isdir(there):
        raise NoHomeFolder(
            f"{variable} cannot be {folder}, because {there} is not a folder. Nothing was changed."
            f" Set {variable} to a folder that Panelist may write to."
        )
    return folder


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of everything that Panelist writes. It may not exist yet. Raises NoHomeFolder, as
    in a container whose user has no name."""
    try:
        if named := _named_folder("PANELIST_HOME", environ):
            return named
        import platformdirs  # it takes 20 ms, and --help does not need it

        return Path(platformdirs.user_data_dir("panelist", appauthor=False)).absolute()
    except RuntimeError:
        raise NoHomeFolder(
            "You have no home folder. Nothing was changed. Set PANELIST_HOME to a folder"
            " that Panelist may write to."
        ) from None


class Folders(NamedTuple):
    """``home``: where everything lies but the witness. ``state``: where the witness lies."""

    home: Path
    state: Path


def state(home: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of what this computer remembers about its databases: ``PANELIST_STATE``, or else
    the platform's folder for state, whatever the home. It may not exist yet. A user without a home
    folder has it in ``home``."""
    try:
        if named := environ.get("PANELIST_STATE"):  # one that cannot be used keeps no one from work
            return Path(named).expanduser()
        import platformdirs

        folder = platformdirs.user_state_dir("panelist", appauthor=False)
        if folder == platformdirs.user_data_dir("panelist", appauthor=False):  # on macOS
            folder += "-state"
        return Path(folder).absolute()
    except RuntimeError:
        return home / "state"


def private_umask() -> None:
    """Let only the owner read the files that this process creates."""
    os.umask(0o077)


def make_private(folder: Path) -> Path:
    """Create ``folder`` so that only its owner can open it, and return it. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def database(home: Path) -> Path:
    """The SQLite file."""
    return home / "panelist.db"


def is_database(file: str | Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a file that a person named is the SQLite file or one beside it, by whatever name.
    Only SQLite may open them: closing one would drop the locks of this process's connections
    (https://www.sqlite.org/howtocorrupt.html, 2.2)."""
    main = database(home(environ))
    return any(_same(file, f"{main}{suffix}") for suffix in ("", "-wal", "-shm"))


def _same(file: str | Path, other: str) -> bool:
    try:
        return os.path.samefile(file, other)
    except (OSError, ValueError):  # one of them doesn't exist, or the name cannot be one
        return False


def settings_file(home: Path) -> Path:
    """The settings file that a person may write: TOML, without secrets."""
    return home / "settings.toml"


def remembered_file(home: Path) -> Path:
    """How a person left the app: theme, mode and segment, without personal data."""
    return home / "remembered.json"


def credentials_folder(home: Path) -> Path:
    """The folder of tokens and keys, encrypted unless the user chose a plain file."""
    return home / "credentials"


def log_file(home: Path) -> Path:
    """The log of warnings and faults, without names, emails or keys."""
    return home / "panelist.log"


def no_core_dumps() -> None:
    """Keep a crash from writing this process's memory, which holds keys, to a file."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def asset(name: str) -> Path:
    """A file that Panelist ships, such as the stylesheet. A wheel has it in the package, a
    checkout has it in the top folder."""
    code = Path(__file__).parent
    shipped = code / "assets" / name
    return shipped if shipped.exists() else code.parent / "assets" / name
