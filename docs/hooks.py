"""For the site: links to files of the repository beside docs/ lead to the repository."""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\]\((\.\./[^)#\s]*)(#[^)\s]*)?\)")


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
