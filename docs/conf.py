"""The site: ``python -m sphinx -W docs site`` with the extra ``docs`` installed.

It asks no other machine for anything.

Sphinx with MyST and furo: MkDocs 1 is no longer kept, and its Material theme ends with it; these three are,
and are BSD or MIT.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import auditor

DOCS = Path(__file__).parent

project = "auditor"
author = "The auditor maintainers"
project_copyright = "the auditor maintainers, Apache-2.0"
version = release = auditor.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.githubpages"]
exclude_patterns = ["_*"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

autodoc_typehints = "none"  # the docstrings name the types
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"auditor {version}"
html_copy_source = False
html_show_sphinx = False
#: The rendered report of the demonstration, made by ``the_demo`` below.
html_extra_path = ["_demo/page"]


def the_demo() -> None:
    """Put the demonstration's report where the gallery page shows it.

    ``AUDITOR_DEMO`` names the output folder of an ``auditor demo`` that ran already; without it the
    demonstration is run, once.
    """
    page = DOCS / "_demo" / "page" / "demo-report.html"
    given = os.environ.get("AUDITOR_DEMO")
    output = Path(given) if given else DOCS / "_demo" / "out"
    if not given and not (output / "report.html").exists():
        subprocess.run(
            [sys.executable, "-m", "auditor", "demo", "-o", str(output), "-q"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(output / "report.html", page)


def the_commands() -> None:
    """Write the page of the commands from the command line."""
    spec = importlib.util.spec_from_file_location("make_commands", DOCS / "make_commands.py")
    assert spec is not None and spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    target, text = DOCS / "reference" / "commands.md", maker.page()
    if (
        not target.exists() or target.read_text(encoding="utf-8") != text
    ):  # an unchanged page is not built again
        target.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """Make what is not kept in the repository, before Sphinx looks for pages."""
    the_commands()
    the_demo()
