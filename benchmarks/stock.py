"""A client from stock ariadne-codegen, generated on the spot from the same schema and the same queries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CONFIG = """\
[tool.ariadne-codegen]
schema_path = "{schema}"
queries_path = "{queries}"
target_package_name = "{package}"
target_package_path = "{target}"
include_comments = "none"
include_typename = false
lazy_imports = {lazy}
defer_model_build = {lazy}
use_alias_generator = {lazy}

[tool.ariadne-codegen.scalars.UUID]
type = "uuid.UUID"
[tool.ariadne-codegen.scalars.DateTime]
type = "datetime.datetime"
[tool.ariadne-codegen.scalars.Date]
type = "datetime.date"
"""


def generate(schema: Path, queries: Path, target: Path, package: str = "stock_client", *, lazy: bool = True) -> Path:
    """Run the stock generator as its users do, in a process of its own, and return the package's folder."""
    target.mkdir(parents=True, exist_ok=True)
    config = target / f"{package}.toml"
    config.write_text(
        _CONFIG.format(schema=schema, queries=queries, target=target, package=package, lazy=str(lazy).lower()),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "ariadne_codegen", "--config", str(config)]
    finished = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"stock ariadne-codegen failed:\n{finished.stdout}{finished.stderr}")
    return target / package
