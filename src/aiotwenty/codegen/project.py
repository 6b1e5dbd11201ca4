"""`aiotwenty init`: the first files of a project."""

from __future__ import annotations

import os
from pathlib import Path

from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.files import write_files
from aiotwenty.codegen.model.names import is_importable

CONFIG = "codegen.toml"

_CONFIG_TEXT = """\
# How `aiotwenty generate` makes a typed client for your workspace. Paths are relative to this file.

# The package to write: `{import_line}`. A name without a folder goes to src/{name}; "./{name}" goes beside this file.
package = "{package}"

# Where `aiotwenty introspect` writes core.graphql and metadata.graphql, and where they are read.
schema = "schema"

# Where the operations go. Add .graphql files of your own beside the generated ones: they become methods too.
queries = "queries"

# Only these objects, by their singular or plural name; all if the list is empty.
objects = []

# The schema's descriptions become docstrings. A file of your own can replace them: [objects] with a text for each type,
# [fields.Company] and [fields."*"] with a text for each field.
# descriptions = "schema/descriptions.toml"

# Other settings are passed on to ariadne-codegen, for both endpoints or for one. Examples:
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
# Copy this file to .env, and add that to .gitignore: the key gives access to the workspace.
TWENTY_API_URL=https://api.twenty.com
TWENTY_API_KEY=
"""


def package_path(folder: Path, package: str) -> str:
    """The place of a package: beside the project's other packages, or else beside `codegen.toml`."""
    if "/" in package or "\\" in package:
        return package.replace("\\", "/")
    package = package.replace(".", "/")
    is_project = (folder / "pyproject.toml").exists() or (folder / "setup.py").exists()
    return f"src/{package}" if is_project and (folder / "src").is_dir() else f"./{package}"


def import_line(package: Path) -> str:
    """The import line for a package: `from my_crm import Twenty`, with the names of the packages around it."""
    parts = [package.name]
    around = package.resolve().parent
    while (around / "__init__.py").exists() and is_importable(around.name):
        parts.insert(0, around.name)
        around = around.parent
    return f"from {'.'.join(parts)} import Twenty"


def init_project(folder: Path, package: str) -> list[Path]:
    """Writes `codegen.toml` and `.env.example`, and returns their paths. Existing files are never overwritten."""
    return write_files(project_files(folder, package))


def project_files(folder: Path, package: str) -> dict[Path, str]:
    """The files that `init_project` writes. Raises `CodegenError` if `package` is no package, or if a file exists.

    `package` is the name of the client, such as "my_crm" or "shop.crm", which `package_path` turns into a path, or a
    path such as "lib/my_crm".
    """
    path = package_path(folder, package)
    names = [path] if "/" in package or "\\" in package else package.split(".")
    if not all(is_importable(Path(name).name) for name in names) or Path(names[0]).name == "aiotwenty":
        raise CodegenError(
            f'"{package}" names no package: use a name that Python can import and that is not aiotwenty, such as my_crm'
        )
    texts = {
        folder / CONFIG: _CONFIG_TEXT.format(
            import_line=import_line(folder / path), name=Path(path).name, package=path
        ),
        folder / ".env.example": _ENV_TEXT,
    }
    if existing := [path.name for path in texts if path.exists()]:
        exist = "exist" if existing[1:] else "exists"
        raise CodegenError(f"{' and '.join(existing)} {exist} already in {folder.resolve()}: nothing was written")
    return texts


def write_env(folder: Path, url: str, key: str) -> Path:
    """Writes `.env`, readable only by its owner. Raises `CodegenError` if the file exists."""
    path = folder / ".env"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CodegenError(f"{path} exists already: put TWENTY_API_URL and TWENTY_API_KEY into it yourself") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"TWENTY_API_URL={url}\nTWENTY_API_KEY={key}\n")
    return path


def ignore_env(folder: Path) -> bool:
    """Adds `.env` to `.gitignore` if it is missing. Returns whether the file changed."""
    path = folder / ".gitignore"
    text = path.read_text("utf-8") if path.exists() else ""
    if any(line.strip() in (".env", "/.env", "*.env", ".env*") for line in text.splitlines()):
        return False
    with path.open("a", encoding="utf-8") as file:
        file.write(("" if not text or text.endswith("\n") else "\n") + ".env\n")
    return True
