"""`aiotwenty init`: the files that a project of one's own begins with."""

from __future__ import annotations

from pathlib import Path

from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.files import write_files
from aiotwenty.codegen.model.names import is_importable

CONFIG = "codegen.toml"

_CONFIG_TEXT = """\
# How `aiotwenty generate` makes a typed client for your workspace. Paths are relative to this file.

# The package to write: `from {name} import Twenty`. It goes to src/{name}, unless this is a path (such as "./{name}").
package = "{package}"

# Where `aiotwenty introspect` writes core.graphql and metadata.graphql, and where they are read.
schema = "schema"

# Where the operations go. Add .graphql files of your own beside the generated ones: they become methods too.
queries = "queries"

# Only these objects, by their singular or plural name; all if the list is empty.
objects = []

# What the schema says of objects and fields becomes docstrings. A file of your own can say it better: [objects] with a
# text for each type, [fields.Company] and [fields."*"] with one for each field.
# descriptions = "schema/descriptions.toml"

# Everything else is passed on to ariadne-codegen, for both endpoints or for one. Examples:
#
# plugins = ["my_plugins.MyPlugin"]
#
# [scalars.Date]
# type = "my_types.Day"
# parse = "my_types.parse_day"
# serialize = "my_types.format_day"
#
# [metadata]
# schema = "schema/metadata.graphql"
# queries = "queries/metadata"
"""

_ENV_TEXT = """\
# Copy this file to .env, which belongs into .gitignore: whoever has the key has the workspace.
TWENTY_API_URL=https://api.twenty.com
TWENTY_API_KEY=
"""


def init_project(folder: Path, package: str) -> list[Path]:
    """Write `codegen.toml` and `.env.example` and give back their paths. Existing files are never overwritten.

    `package` is the name of the client, which goes to `src/<name>`, or a path such as "lib/my_crm".
    """
    name = Path(package).name
    if not is_importable(name) or name == "aiotwenty":
        raise CodegenError(f'"{package}" must end in a name that Python can import and that is not aiotwenty itself')
    texts = {
        folder / CONFIG: _CONFIG_TEXT.format(name=name, package=package.replace("\\", "/")),
        folder / ".env.example": _ENV_TEXT,
    }
    if existing := [path.name for path in texts if path.exists()]:
        raise CodegenError(f"{', '.join(existing)} exists already in {folder.resolve()}: nothing was written")
    return write_files(texts)
