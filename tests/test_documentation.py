"""The documentation keeps up with the code."""

import re
import tomllib
from pathlib import Path

import pytest

from auditor.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(p for p in sorted((ROOT / "docs").rglob("*.md")) if p.name != "commands.md"),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_option_named_after_a_command_exists(page):
    """Lines that start with ``auditor COMMAND`` use options that the command has."""
    wrong = []
    for line in page.read_text(encoding="utf-8").splitlines():
        found = re.match(r"\s*auditor (\w+)(.*)", line.strip().strip("`"))
        if not found or found[1] not in cli.commands:
            continue
        known = {o for p in cli.commands[found[1]].params for o in p.opts} | {"--help"}
        wrong += [
            f"{found[1]} {o}"
            for o in re.findall(r"(?<![\w-])(--[a-z][\w-]*)", found[2].split("#")[0])
            if o not in known
        ]
    assert not wrong


def test_the_layers_that_are_drawn_are_those_that_are_enforced():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    drawn = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Where things are")[2]
    lines = re.findall(r"^    (\S.*?) {2,}", drawn.partition("\n## ")[0], re.M)
    assert lines == [layer.replace("auditor.", "") for layer in layers]


def test_the_readme_names_every_command():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name for name in cli.commands if f"`auditor {name}" not in text]
