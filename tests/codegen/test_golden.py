"""The whole output for a small workspace, as files: a change of the generator is seen in review.

`UPDATE_GOLDEN=1 pytest tests/codegen/test_golden.py` writes them again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.codegen.projects import ROCKET, Project

GOLDEN = Path(__file__).parent / "golden"
OWN = """\
query RocketsOnPads($first: Int, $filter: RocketFilterInput) {
  rockets(first: $first, filter: $filter) {
    edges {
      node {
        ...Rocket
      }
    }
  }
}

query Counts {
  rockets {
    totalCount
    edges {
      node {
        name
      }
    }
  }
}
"""


def test_the_output_for_a_small_workspace_is_the_one_in_golden(tmp_path: Path) -> None:
    project = Project.of(tmp_path, (ROCKET,))
    project.package = "small_crm"
    project.write("queries/core/own.graphql", OWN)
    project.generate()
    if os.environ.get("UPDATE_GOLDEN"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        shutil.copytree(tmp_path, GOLDEN, ignore=shutil.ignore_patterns("__pycache__"))
    expected = Project(GOLDEN).files()
    made = project.files()
    assert made.keys() == expected.keys()
    for name, content in made.items():
        assert content.decode() == expected[name].decode(), name
