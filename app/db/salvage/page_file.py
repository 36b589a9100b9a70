"""The pages of a SQLite file and of the write-ahead log beside it, as the last commit left them."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from app.db.salvage.btree import fills_page

SIZES = (4096, 1024, 2048, 8192, 16384, 32768, 65536, 512)
_WAL_HEADER, _FRAME_HEADER = 32, 24
_LOOKED_AT = 300  # pages all over the file, to find out their size


class PageFile:
    """Pages by number, which begins with 1. ``size``: of a page, in bytes. ``log_damaged``: whether
    a part of the write-ahead log could not be used. Raises OSError."""

    def __init__(self, file: Path) -> None:
        self._main: IO[bytes] = file.open("rb")
        length = file.stat().st_size
        log = file.with_name(f"{file.name}-wal")
        self._log: IO[bytes] | None = log.open("rb") if log.exists() else None
        self.size = self._page_size(length)
        self.count = -(-length // self.size)
        self.log_damaged = False
        self._frames: dict[int, int] = {}  # page -> position of its content in the log
        if self._log is not None:
            self._read_log(self._log, log.stat().st_size)

    def close(self) -> None:
        """Close both files."""
        self._main.close()
        if self._log is not None:
            self._log.close()

    def page(self, number: int) -> bytes | None:
        """The content of a page. None if the file ends before it does."""
        if number < 1 or number > self.count:
            return None
        file: IO[bytes] = self._main
        position = (number - 1) * self.size
        if number in self._frames and self._log is not None:
            file, position = self._log, self._frames[number]
        file.seek(position)
        found = file.read(self.size)
        return found if len(found) == self.size else None

    def age(self, number: int) -> int:
        """A number that is greater for a page that was written later, as far as it is known."""
        return self._frames.get(number, 0)

    def _page_size(self, length: int) -> int:
        """The size with which most pages look like pages, because the header may be damaged."""
        said = struct.unpack(">H", self._main.read(18)[16:18].ljust(2, b"\0"))[0]
        said = 65536 if said == 1 else said
        found = Counter[int]()
        for size in SIZES:
            step = max(1, length // size // _LOOKED_AT)
            for number in range(1, length // size, step):
                self._main.seek(number * size)
                found[size] += fills_page(self._main.read(size))
        best = max(SIZES, key=lambda size: found[size])  # the first of several
        return said if said in SIZES and found[said] >= found[best] / 2 else best

    def _read_log(self, log: IO[bytes], length: int) -> None:
        """Use each frame whose checksum is right. A frame's checksum continues the one that is
        stored in the frame before it, so frames behind a damaged one can be checked too."""
        log.seek(0)
        header = log.read(_WAL_HEADER)
        if len(header) < _WAL_HEADER:
            return
        order = ">" if header[3] & 1 else "<"
        salts = self._salts(log, length) or header[16:24]
        last, waiting = struct.unpack(">II", header[24:32]), {}
        for position, frame in self._frames_of(log, length):
            number, commit = struct.unpack(">II", frame[:8])
            if frame[8:16] != salts:
                break  # left over from before the log was last emptied
            content = log.read(self.size)
            right = _checksum(order, frame[:8] + content, last) == struct.unpack(
                ">II", frame[16:24]
            )
            last = struct.unpack(">II", frame[16:24])
            if not right:
                self.log_damaged = True
                continue
            waiting[number] = position + _FRAME_HEADER
            if commit:
                self._frames.update(waiting)
                self.count = commit
                waiting = {}

    def _salts(self, log: IO[bytes], length: int) -> bytes | None:
        """The salts of the log's first frames, which its header has too."""
        log.seek(16)
        found = [log.read(8)]
        for _, frame in self._frames_of(log, min(length, 8 * (self.size + _FRAME_HEADER))):
            found.append(frame[8:16])
        (salts, times), *_ = Counter(found).most_common(1)
        return salts if times > 1 else None

    def _frames_of(self, log: IO[bytes], length: int) -> Iterator[tuple[int, bytes]]:
        """(position, header) of each frame. The log is then at the frame's page."""
        step = self.size + _FRAME_HEADER
        for position in range(_WAL_HEADER, length - step + 1, step):
            log.seek(position)
            yield position, log.read(_FRAME_HEADER)


def _checksum(order: str, content: bytes, start: tuple[int, ...]) -> tuple[int, int]:
    """Section 4.2 of the file format."""
    first, second = start
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
