# mypy: disable-error-code="import-not-found,import-untyped"
# pyright: reportMissingImports=false
"""Runs cells in a kernel of Jupyter, interrupts one, and prints what they gave as JSON."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

CELLS = [
    "from aiotwenty import Runner, Twenty\nimport asyncio, time\nrun = Runner()",
    "run(run.twenty.companies.create_one({'name': 'Air'})).name",
    "[company.name for company in run.iterate(run.twenty.companies.iterate())]",
    "async with Twenty() as twenty:\n    counted = await twenty.companies.count()\ncounted",
    "await asyncio.to_thread(run, run.twenty.companies.count())",
    "try:\n    run(run.twenty.companies.find_one('00000000-0000-4000-8000-000000000000'))\n"
    "except Exception as error:\n    caught = type(error).__name__\ncaught",
]
LONG = """
async def long():
    print("begun", flush=True)
    try:
        await asyncio.sleep(1000)
    finally:
        print("cancelled", flush=True)
run(long())
"""


def results() -> list[str]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return [output["data"]["text/plain"] for cell in notebook.cells for output in cell.outputs if "data" in output]


def interrupted() -> dict[str, Any]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    kernel = manager.client()
    kernel.start_channels()
    kernel.wait_for_ready(timeout=60)
    printed: list[str] = []

    def look(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])
            if "begun" in message["content"]["text"]:
                threading.Timer(0.3, manager.interrupt_kernel).start()

    try:
        kernel.execute_interactive(CELLS[0], timeout=60)
        reply = kernel.execute_interactive(LONG, timeout=60, output_hook=look)["content"]
        after = kernel.execute_interactive("print(run(run.twenty.companies.count()))", timeout=60, output_hook=look)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel()
    return {"error": reply.get("ename"), "printed": "".join(printed), "after": after["content"]["status"]}


print(json.dumps({"results": results(), "interrupted": interrupted()}))  # noqa: T201
sys.stdout.flush()
