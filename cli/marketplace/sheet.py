"""CSV files read line by line, so that one bad line never hides the next."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that cannot be used: where it stands and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class RowInvalid(ValueError):
    """A field of a row that cannot be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line with its fields by column name, stripped."""

    file: str
    line: int
    fields: dict[str, str]

    def text(self, column: str) -> str:
        """A field that must be there. Raises `RowInvalid`."""
        value = self.fields[column]
        if not value:
            raise RowInvalid(f"{column} is missing")
        if not value.isprintable():
            raise RowInvalid(f"{column} holds characters that cannot be printed")
        return value

    def malformed(self, reason: object) -> Malformed:
        return Malformed(self.file, self.line, str(reason))


@dataclass(frozen=True, slots=True)
class TornLine:
    """A line that is not even a row, and the pieces of it, by which its order may be recognised."""

    malformed: Malformed
    pieces: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: tuple[Row, ...]
    torn: tuple[TornLine, ...]


def read_sheet(path: Path, columns: Sequence[str]) -> Sheet:
    """Read a UTF-8 CSV file that must have `columns`; more are welcome. A bad header leaves it without rows.

    A field never spans lines in this form, so a quote that is not closed spoils its own line only.
    """
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    try:
        header = _header(lines[0], columns)
    except RowInvalid as error:
        return Sheet((), (_torn(path.name, 1, lines[0], f"the header cannot be used: {error}"),))
    rows: list[Row] = []
    torn: list[TornLine] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            rows.append(Row(path.name, number, dict(zip(header, _cells_of(line, header), strict=True))))
        except RowInvalid as error:
            torn.append(_torn(path.name, number, line, str(error)))
    return Sheet(tuple(rows), tuple(torn))


def _header(line: bytes, columns: Sequence[str]) -> list[str]:
    header = _cells(line)
    missing = [column for column in columns if column not in header]
    if missing:
        raise RowInvalid(f"no column {', '.join(missing)}")
    if len(set(header)) < len(header):
        raise RowInvalid("a column appears twice")
    return header


def _cells_of(line: bytes, header: list[str]) -> list[str]:
    cells = _cells(line)
    if len(cells) != len(header):
        raise RowInvalid(f"{len(cells)} fields where the header has {len(header)}")
    return cells


def _cells(line: bytes) -> list[str]:
    try:
        text = line.decode("utf-8").rstrip("\r")
        return [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
    except UnicodeDecodeError as error:
        raise RowInvalid(f"not UTF-8 at byte {error.start + 1} of the line") from error
    except csv.Error as error:
        raise RowInvalid(f"not CSV: {error}") from error


def _torn(file: str, number: int, line: bytes, reason: str) -> TornLine:
    pieces = line.decode("utf-8", errors="replace").split(",")
    return TornLine(Malformed(file, number, reason), frozenset(piece.strip().strip('"') for piece in pieces))
