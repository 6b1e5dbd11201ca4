"""Rows of Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from aiotwenty.bulk.source.base import Check, FileSource, InputError, Row


class ParquetSource(FileSource):
    """Parquet, read in slices of 1,000 rows; lists and objects may be JSON in text. Needs the extra `arrow`."""

    is_text = True
    nulls_are_gaps = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open() as file:
            self.columns = tuple(file.schema_arrow.names)
            self._total: int = file.metadata.num_rows

    def _open(self) -> Any:
        pyarrow, parquet = require_arrow()
        try:
            return parquet.ParquetFile(self.path, memory_map=True)
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise InputError(f"{self.path}: is not Parquet ({error})") from None

    def check(self) -> Check:
        return Check(total=self._total, columns=dict.fromkeys(self.columns or (), 1))

    def read(self) -> Iterator[Row]:
        number = 0
        with self._open() as file:
            for batch in file.iter_batches(batch_size=1000, use_threads=False):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, values)


def require_arrow() -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet, or an error that says how to get them."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise InputError("Parquet needs pyarrow: pip install 'aiotwenty[arrow]'") from None
