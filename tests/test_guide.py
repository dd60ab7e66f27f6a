"""The guide's code blocks are found, and their runner sees what is wrong.

The blocks themselves are run by ``docs/run_blocks.py`` in CI.
"""

import configparser
import re
import sys
from pathlib import Path

import pytest

from auditor.cli import cli

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def guide():
    sys.path.insert(0, str(DOCS))
    try:
        import blocks
        import make_commands
        import run_blocks
        import sandbox
    finally:
        sys.path.remove(str(DOCS))
    return {"blocks": blocks, "commands": make_commands, "runner": run_blocks, "sandbox": sandbox}


def test_every_block_of_every_page_names_a_language_and_parses(guide):
    wrong = []
    for page in guide["blocks"].pages(ROOT):
        for block in guide["blocks"].blocks(page.read_text(encoding="utf-8"), page.name):
            if fault := guide["blocks"].parse_fault(block):
                wrong.append(f"{block.place}: {fault}")
    assert not wrong


def test_most_of_the_guide_is_run_and_what_is_not_says_why(guide):
    runnable = [
        b
        for page in guide["blocks"].pages(ROOT)
        for b in guide["blocks"].blocks(page.read_text(encoding="utf-8"), page.name)
        if b.language in ("bash", "python")
    ]
    unrun = [b for b in runnable if b.reason]
    assert len(runnable) > 40 and len(unrun) < len(runnable) / 4
    assert all(len(b.reason) > 10 for b in unrun)


def test_comments_above_a_block_are_for_that_block_alone(guide):
    page = "<!-- not run: no cluster -->\n```bash\nsrun x\n```\n\n"
    page += "<!-- exits with 1 -->\n```bash\nauditor scan DATA\n```\n\n<!-- output -->\n```text\na\n```\n"
    first, second = guide["blocks"].blocks(page, "p.md")
    assert (first.reason, first.status, first.output) == ("no cluster", 0, None)
    assert (second.reason, second.status, second.output) == ("", 1, "a\n")
    assert second.filled == "auditor scan flowers\n"


def test_a_fence_without_a_language_and_output_of_nothing_are_refused(guide):
    for page in ("```\nx\n```\n", "<!-- output -->\n```text\nx\n```\n", "```ruby\nx\n```\n"):
        with pytest.raises(ValueError, match=r"p\.md:\d"):
            guide["blocks"].blocks(page, "p.md")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd\n", True),
        ("a … d", "a 17 d\n", True),
        ("a\n", "a\nb\n", False),
        ("1.5", "195\n", False),
    ],
)
def test_output_is_compared_line_by_line(guide, shown, printed, same):
    assert guide["blocks"].matches(shown, printed) is same


def test_faults_that_are_planted_in_a_page_are_found(guide, tmp_path):
    """A wrong output, a wrong status, an exception, an extra and an option that do not exist.

    And nothing else.
    """
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nn = 2\nprint(n)\n```\n\n<!-- output -->\n```text\n3\n```\n\n"
        "```python\nassert n == 2\n```\n\n```python\nn / 0\n```\n\n```bash\nexit 3\n```\n\n<!-- exits "
        "with 3 -->\n```bash\nexit 3\n```\n\n"
        "```bash\npip install 'auditor[nothing]'\n```\n\n```bash\npython benchmarks/scan.py --tiny 10 "
        "--no-such-option\n```\n\n"
        "```bash\ntest -d flowers/train/rose && test -f photos.csv\n```\n\n```toml\nn = \n```\n"
    )
    folder = tmp_path / "sandbox"
    folder.mkdir()
    runner = guide["runner"]
    tools, names = guide["sandbox"].prepare(folder), {}
    found = [
        bool(runner.judge(block, folder, {"PATH": f"{tools}:/usr/bin:/bin"}, names))
        for block in guide["blocks"].blocks(page.read_text(), "page.md")
    ]
    assert found == [True, False, True, True, False, True, True, False, True]
    assert "no extra nothing" in runner.rehearsed("pip install 'auditor[nothing]'")
    assert runner.rehearsed("pip install 'auditor[train,cluster]'") == ""
    assert "--no-such-option" in runner.rehearsed("python benchmarks/scan.py --tiny 10 --no-such-option")
    assert runner.rehearsed("python benchmarks/scan.py --tiny 10") == ""
    assert runner.rehearsed("auditor scan flowers") is None


def test_the_page_of_the_commands_has_every_command_and_option(guide):
    page = guide["commands"].page()
    for name, command in cli.commands.items():
        section = page.split(f"## `auditor {name}`")[1].split("\n## ")[0]
        assert command.help.split(".")[0] in section
        missing = [o for p in command.params for o in p.opts if o.startswith("--") and f"{o}" not in section]
        assert not missing


def test_every_page_is_in_the_navigation():
    listed = set()
    for index in DOCS.rglob("index.md"):
        for tree in re.findall(r"```\{toctree\}(.*?)```", index.read_text(encoding="utf-8"), re.S):
            for entry in re.findall(r"^[\w/*-]+$", tree, re.M):
                listed |= {p.relative_to(DOCS) for p in index.parent.glob(f"{entry}.md")}
    pages = {p.relative_to(DOCS) for p in DOCS.rglob("*.md")} - {
        Path("index.md"),
        Path("reference/commands.md"),
    }
    assert not pages - listed


def test_pictures_are_small():
    assert {p.name: p.stat().st_size for p in DOCS.rglob("*.png") if p.stat().st_size > 100_000} == {}


def test_constraints_name_every_requirement():
    """Both files say how they are made anew when a requirement is added."""
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    for file, names in {
        "constraints.txt": extras,
        "constraints-minimum.txt": set(extras) - {"dev", "docs"},
    }.items():
        pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(encoding="utf-8").lower(), re.M))
        required = "\n".join(
            [setup["options"]["install_requires"], *(extras[name] for name in names)]
        ).lower()
        wanted = set(re.findall(r"^([\w.-]+)", required, re.M))
        assert not wanted - pinned, file
