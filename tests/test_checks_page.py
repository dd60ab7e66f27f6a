"""docs/checks.md is written from the checks, so it cannot fall behind them."""

import importlib.util
from pathlib import Path

import pytest

from auditor.checks import CHECKS, parameters

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_checks", DOCS / "make_checks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current(maker, capsys):
    assert maker.main(["--check"]) == 0, "run python docs/make_checks.py"
    assert "current" in capsys.readouterr().out


def test_every_check_and_every_threshold_is_on_the_page(maker):
    page = maker.page()
    for check in CHECKS:
        section = page.split(f"### `{check.code}`")[1].split("\n### ")[0]
        assert all(f"| `{name}` | {value} |" in section for name, value in parameters(check()).items())
        assert (
            "**Limits:** " in section
            and "**How it is measured:** " in section
            and "**Why it matters:** " in section
        )
        assert "**How to fix it:** " in section
        assert " |  |" not in section, f"a threshold of {check.code} has no source: write a comment above it"
        assert "## Others" not in page, "name the family of a new check in docs/make_checks.py"


def test_a_page_that_is_out_of_date_is_told(maker, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(maker, "TARGET", tmp_path / "checks.md")
    assert maker.main(["--check"]) == 1
    assert maker.main([]) == 0
    assert maker.main(["--check"]) == 0
    (tmp_path / "checks.md").write_text(maker.page().replace("warn-ratio", "warn-ration"))
    assert maker.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
