"""``python -c`` for a process that has Panelist imported: runs the code in its first argument."""

from __future__ import annotations

import sys

from tests.helpers import quick_scrypt

if __name__ == "__main__":
    quick_scrypt.use()
    exec(sys.argv.pop(1))
