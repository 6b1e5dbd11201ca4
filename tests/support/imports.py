"""What a program imports, and the memory it takes, beside what it stands on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from tests.support.uncounted import uncounted

_PROGRAM = """
import json, sys
def memory():
    # Not ru_maxrss: it begins with what the parent had.
    return int(open("/proc/self/statm").read().split()[1]) if sys.platform == "linux" else 1
{base}
imported, of_base = set(sys.modules), memory()
{program}
print(json.dumps([sorted(set(sys.modules) - imported), memory() / of_base]))
"""


@dataclass(frozen=True)
class Added:
    """What a program adds to its base."""

    own: list[str]
    """The modules of aiotwenty."""
    of_others: set[str]
    """The packages that neither aiotwenty nor Python has."""
    memory: float
    """How many times what the base takes; looked for on Linux only."""


def added_by(program: str, base: str) -> Added:
    """Both run in one fresh interpreter, and once before: that run compiles what installing would have compiled."""
    environment = {name: value for name, value in uncounted().items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _PROGRAM.format(base=base, program=program)]
    subprocess.check_output(command, cwd="/", env=environment)
    printed = subprocess.check_output(command, text=True, cwd="/", env=environment)
    modules, memory = json.loads(printed)
    own = [name for name in modules if name.partition(".")[0] == "aiotwenty"]
    packages = {name.partition(".")[0] for name in modules} - {"aiotwenty"} - sys.stdlib_module_names
    return Added(own, {name for name in packages if not name.startswith("_sysconfigdata")}, memory)
