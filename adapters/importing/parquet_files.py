"""Whether a Parquet file is whole, by its first and last bytes and its footer: nothing of its content is unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.importing.streams import BadFileError, Finding, Limits, Trouble, refuse_bomb, unreadable

_MAGIC = b"PAR1"
_ASK_AGAIN = "Ask for the extract again"
# Encoded pages may hold one value a million times over, which the footer's bytes do not show.
_BYTES_OF_A_VALUE = 1


def parquet_finding(file: Path, limits: Limits) -> Finding | None:
    """What is wrong with the file as a whole, if anything is; names of columns that are no texts are damage."""
    try:
        if wrong := _of_ends(file):
            return wrong
        _check_footer(file, limits)
    except BadFileError as error:
        return error.finding
    except (pa.ArrowException, UnicodeDecodeError):
        return Finding(Trouble.UNREADABLE, "cannot be read: its footer is damaged", _ASK_AGAIN)
    except OSError as error:
        # Arrow tells a damaged footer as an OSError too, without a number.
        if error.errno is None:
            return Finding(Trouble.UNREADABLE, "cannot be read: its footer is damaged", _ASK_AGAIN)
        return unreadable(error)
    return None


def columns_of_words(file: Path) -> frozenset[str]:
    """Columns whose values all begin with a letter, by the footer's statistics: in those no number was damaged."""
    footer = pq.read_metadata(file)
    groups = [footer.row_group(index) for index in range(footer.num_row_groups)]
    columns = range(footer.num_columns if groups else 0)
    return frozenset(
        footer.schema.column(place).path
        for place in columns
        if all(_begins_with_letters(group.column(place).statistics, group.num_rows) for group in groups)
    )


def _begins_with_letters(statistics: Any, rows: int) -> bool:
    if statistics is None:
        return False
    if statistics.null_count == rows:
        return True
    try:
        return bool(statistics.has_min_max and isinstance(statistics.min, str) and statistics.min >= "A")
    except UnicodeDecodeError:
        return False


def _of_ends(file: Path) -> Finding | None:
    with file.open("rb") as stream:
        start = stream.read(len(_MAGIC))
        size = stream.seek(0, 2)
        stream.seek(max(0, size - len(_MAGIC)))
        end = stream.read()
    if not size:
        return Finding(Trouble.EMPTY, "the file is empty: it has not even a footer", _ASK_AGAIN)
    if start != _MAGIC:
        return Finding(Trouble.OTHER_KIND, "no Parquet file: it begins otherwise", "Name it by what it is")
    if end != _MAGIC:
        return Finding(Trouble.CUT_OFF, "cut off: the file has no footer", _ASK_AGAIN)
    return None


def _check_footer(file: Path, limits: Limits) -> None:
    """Raises: BadFileError for a file that unpacks to too much; OSError, ArrowException for a damaged footer."""
    footer = pq.read_metadata(file)
    _ = footer.schema.names  # raises where a name is no text
    unpacked = sum(footer.row_group(index).total_byte_size for index in range(footer.num_row_groups))
    values = footer.num_rows * footer.num_columns * _BYTES_OF_A_VALUE
    if max(unpacked, values) > limits.unpacked_bytes:
        refuse_bomb(max(unpacked, values), limits.unpacked_bytes, limits)
