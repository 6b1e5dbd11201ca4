"""Records as Arrow tables, polars and pandas data frames: what `twenty.companies.to_arrow` and its kin do.

The functions take a namespace, as the methods do, or an `aiotwenty.bulk.Target`: an object of the workspace that no
client was generated for. Frames go in by `load`, which takes them as it takes files.
"""

from __future__ import annotations

from aiotwenty.bulk.frames import to_arrow, to_arrow_batches, to_pandas, to_polars

__all__ = ["to_arrow", "to_arrow_batches", "to_pandas", "to_polars"]
