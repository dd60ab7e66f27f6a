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
    page = maker.make_page()
    for check in CHECKS:
        section = page.split(f"### `{check.code}`")[1].split("\n### ")[0]
        assert all(f"| `{name}` | {value} |" in section for name, value in parameters(check()).items())
        for heading in ("How it is measured", "Why it matters", "How to fix it", "Limits"):
            assert f"**{heading}:** " in section
        assert " |  |" not in section, f"document every threshold of {check.code} under Parameters"


def test_each_family_is_one_heading(maker):
    headings = [line for line in maker.make_page().splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings)) == 7
    families = [check.family for check in CHECKS]
    assert families == sorted(families, key=families.index), "a check stands among those of its family"


def test_a_second_subject_has_a_heading_that_names_it(maker):
    section = maker.make_page().split("### `unreadable`")[1].split("\n### ")[0]
    assert "**How to fix it (trailing bytes):** Save such images again" in section


def test_a_page_that_is_out_of_date_is_told(maker, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(maker, "TARGET", tmp_path / "checks.md")
    assert maker.main(["--check"]) == 1
    assert maker.main([]) == 0
    assert maker.main(["--check"]) == 0
    (tmp_path / "checks.md").write_text(maker.make_page().replace("warn-ratio", "warn-ration"))
    assert maker.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
