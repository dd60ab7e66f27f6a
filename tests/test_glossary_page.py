"""docs/glossary.md is written from the report's glossary, each term once."""

import importlib.util
from pathlib import Path

from auditor.reports.glossary import GLOSSARY

DOCS = Path(__file__).resolve().parents[1] / "docs"


def maker():
    spec = importlib.util.spec_from_file_location("make_glossary", DOCS / "make_glossary.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current_and_has_each_term_once():
    page = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert page == maker().make_page(), "run python docs/make_glossary.py"
    heads = [line.strip("*") for line in page.splitlines() if line.startswith("**")]
    assert len(heads) == len(set(heads)) and set(GLOSSARY) < set(heads)
    assert heads == sorted(heads, key=str.casefold)
