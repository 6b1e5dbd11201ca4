"""Records as Arrow tables, polars and pandas data frames: the functions behind `twenty.companies.to_arrow` and others.

The functions take a namespace, or an `aiotwenty.bulk.Target`, an object of the workspace without generated classes.
`load` accepts data frames like files.
"""

from __future__ import annotations

from aiotwenty.bulk.frames import to_arrow, to_arrow_batches, to_pandas, to_polars

__all__ = ["to_arrow", "to_arrow_batches", "to_pandas", "to_polars"]
