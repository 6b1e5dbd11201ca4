"""For the site: pages from files beside docs/, links to such files, and diagrams without another host."""

from __future__ import annotations

import hashlib
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

_PAGES = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
_MERMAID = "package/dist/mermaid.min.js"
_MERMAID_DIGEST = "07e37dfa97b337ccc85365d57eddf99b9706f09db3b59b260d0333b23b343c4b"
_SCRIPT = "assets/javascripts/mermaid.min.js"
_ROOT_LINK = re.compile(r"\]\((?!\w+:|#)([^)\s]*)\)")
_LINK = re.compile(r"\]\((\.\./[^)#\s]*)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """What mkdocs calls for the list of files."""
    root = Path(config["config_file_path"]).parent
    for page, name in _PAGES.items():
        text = _ROOT_LINK.sub(_from_docs, (root / name).read_text("utf-8"))
        files.append(File.generated(config, page, content=text))
    return files


def _from_docs(link: re.Match[str]) -> str:
    """A link of a file beside docs/ as a page in docs/ has it."""
    target = link[1]
    return f"]({target.removeprefix('docs/') if target.startswith('docs/') else f'../{target}'})"


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """What mkdocs calls for each page, before it is rendered."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")

    def absolute(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[1]))
        if path.startswith("docs/"):
            return link[0]
        kind = "blob" if posixpath.splitext(path)[1] else "tree"
        return f"]({config['repo_url']}/{kind}/main/{path}{link[2] or ''})"

    return _LINK.sub(absolute, markdown)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """What mkdocs calls for each page that is built. The theme would fetch Mermaid and GitHub's counts of stars.

    A page with a diagram brings Mermaid itself.
    """
    output = _without_counts(output)
    if '<pre class="mermaid">' not in output:
        return output
    script = get_relative_url(_SCRIPT, page.url)
    return output.replace("</head>", f'<script src="{script}"></script></head>', 1)


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """What mkdocs calls for each page that comes from the theme, such as 404.html."""
    return _without_counts(output_content)


def _without_counts(output: str) -> str:
    """The link to the repository without the mark by which the theme's script finds it and asks api.github.com."""
    return output.replace(' data-md-component="source"', "")


def on_post_build(config: Any) -> None:
    """What mkdocs calls at the end."""
    mermaid = Path(config["config_file_path"]).with_name(".venv") / "docs" / _MERMAID
    if hashlib.sha256(mermaid.read_bytes()).hexdigest() != _MERMAID_DIGEST:
        raise PluginError(f"{mermaid} is not the release that docs/hooks.py names")
    shutil.copyfile(mermaid, Path(config["site_dir"], _SCRIPT))
