"""What generating the clients of both endpoints of the standard workspace costs, from local SDL, and what comes out."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import stock
from benchmarks.harness import Limit, Series, Table

ROOT = Path(__file__).resolve().parent.parent
OURS = "aiotwenty generate, operations written too"
LAZY = "stock ariadne-codegen, lazy"
PLAIN = "stock ariadne-codegen"

_CONFIG = """\
package = "{target}/ours"
schema = "{schema}"
queries = "{queries}"
"""


async def measure(rounds: int) -> list[Table]:
    """Wall-clock time of whole processes, in turns, and the size of what they wrote."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        schema, queries = target / "schema", target / "queries"
        shutil.copytree(ROOT / "schema", schema)
        shutil.copytree(ROOT / "queries", queries)
        config = target / "codegen.toml"
        config.write_text(_CONFIG.format(target=target, schema=schema, queries=queries), encoding="utf-8")
        contenders: dict[str, tuple[Callable[[], object], Path]] = {
            PLAIN: (lambda: _stock(schema, queries, target / "plain", lazy=False), target / "plain"),
            LAZY: (lambda: _stock(schema, queries, target / "lazy", lazy=True), target / "lazy"),
            OURS: (lambda: _ours(config), target / "ours"),
        }
        seconds = [Series(name) for name in contenders]
        for _ in range(rounds):
            for series, (run, package) in zip(seconds, contenders.values(), strict=True):
                shutil.rmtree(package, ignore_errors=True)
                start = time.perf_counter()
                run()
                series.figures.append(time.perf_counter() - start)
        files = [Series(name, [float(len(_modules(path)))]) for name, (_, path) in contenders.items()]
        lines = [Series(name, [float(sum(map(_lines, _modules(path))))]) for name, (_, path) in contenders.items()]
    return [
        Table("Generating the standard workspace", "s", seconds, [Limit(OURS, PLAIN, 0.5), Limit(OURS, LAZY, 0.5)]),
        Table("Generated files", "files", files),
        Table("Generated lines", "lines", lines),
    ]


def _stock(schema: Path, queries: Path, target: Path, *, lazy: bool) -> None:
    for name in ("core", "metadata"):
        stock.generate(schema / f"{name}.graphql", queries / name, target, f"{name}_client", lazy=lazy)


def _ours(config: Path) -> None:
    program = "from aiotwenty.cli import main; main()"
    command = [sys.executable, "-c", program, "generate", "--config", str(config)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"generate failed:\n{finished.stdout}{finished.stderr}")


def _modules(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def _lines(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())
