# mypy: disable-error-code="import-not-found,import-untyped"
# pyright: reportMissingImports=false
"""Runs a notebook of the examples in a kernel, and prints the texts and the kinds of its outputs as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import nbformat
from nbclient import NotebookClient

notebook: Any = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs]
kinds = sorted({kind for output in outputs for kind in output.get("data", {})})
print(json.dumps({"texts": texts, "kinds": kinds}))  # noqa: T201
