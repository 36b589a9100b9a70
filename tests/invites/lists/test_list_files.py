"""Files with lists, as spreadsheets write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.invites.errors import StudyProblem
from app.invites.lists.list_columns import read_list
from app.invites.operator import read_text

TEXT = "Name\tEmail\nZoë\tada@x.com\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_every_encoding_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(TEXT.encode(encoding))
    text = read_text(str(file), guess=True)
    assert text == TEXT
    assert read_list(text).values == ["ada@x.com"]


def test_a_template_is_never_guessed(tmp_path: Path) -> None:
    file = tmp_path / "email.txt"
    file.write_bytes(TEXT.encode("cp1252"))
    with pytest.raises(StudyProblem, match="not UTF-8 text"):
        read_text(str(file))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\0\x06\0", "is a spreadsheet or an archive, not a text file. In Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "choose Save as → CSV UTF-8. Nothing was changed."),
        (b"a\0\0\0b\0\0c", "is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not UTF-8 text"),
        (b"\x81\x8d ada@x.com", "is not UTF-8 text"),
        (b"\xff\xfe\0\xd8a\0", "is not UTF-8 text"),
    ],
)
def test_what_is_no_text_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(content)
    with pytest.raises(StudyProblem) as raised:
        read_text(str(file), guess=True)
    assert said in str(raised.value)
