"""Planted cases found, and what fires on clean books, as a table.

python -m bench.signals                 both sets, two books each, to docs/partners/signals-bench.md
python -m bench.signals --accounts 4000 --books 1 --to -
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from adapters.settings import PROJECT
from bench.signals.book import BookSize
from bench.signals.score import BookScore, page, score_book

PAGE = PROJECT / "docs" / "partners" / "signals-bench.md"


def main() -> None:
    asked = _arguments()
    size = BookSize(asked.accounts, max(60, asked.accounts // 120), 7)
    with tempfile.TemporaryDirectory(prefix="recoup-signals-") as folder:
        scores = tuple(_scores(Path(folder), size, asked.books))
    text = page(scores, size, asked.books)
    if asked.to == "-":
        print(text)
    else:
        Path(asked.to).write_text(text, encoding="utf-8")


def _scores(folder: Path, size: BookSize, books: int) -> Iterator[BookScore]:
    for number in (1, 2):
        for book in range(books):
            seed, begun = 500 * number + book, time.perf_counter()
            yield score_book(folder / f"{seed}", size, number, seed)
            print(f"set {number}, book {seed}: {time.perf_counter() - begun:.0f} s", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=12_000)
    parser.add_argument("--books", type=int, default=2, help="books of each set")
    parser.add_argument("--to", default=str(PAGE), help="file, or - for the terminal")
    return parser.parse_args()


if __name__ == "__main__":
    main()
