"""Commands that the product prints: each parses, carries the options of its call, and does what it says."""

import re
import shlex
from pathlib import Path

import click
import pandas as pd
import pytest

import auditor
from auditor.cli import cli
from auditor.commands.fixes import fill_commands
from auditor.commands.reuse import ScanRequest
from auditor.finding import Finding, Fix
from tests.conftest import encoded, picture, write_tree

ROOT = Path(__file__).parents[2]
CODE = [p for top in ("auditor", "reports", "templates") for p in (ROOT / top).rglob("*")]
#: Files in which commands stand that a user reads.
SHOWN = [
    *(p for p in CODE if p.suffix in (".py", ".html", ".js")),
    *(p for p in ROOT.glob("*.md") if p.name != "CHANGELOG.md"),
    *(ROOT / "docs").rglob("*.md"),
]  # fmt: skip


def options_of(command):
    return {o for p in cli.commands[command].params for o in (*p.opts, *p.secondary_opts)} | {"--help"}


def commands_in(text):
    """Every ``auditor VERB`` of a text with the options after it, up to what ends a command."""
    verbs = "|".join(cli.commands)
    for found in re.finditer(rf"\bauditor ({verbs})\b([^\n`'\"|;#)]*)", text):
        yield found[1], re.findall(r"(?<=\s)--?[a-z][a-z0-9-]*", found[2])


def test_every_command_that_is_printed_or_documented_has_only_options_that_exist():
    found = [(p, verb, o) for p in SHOWN for verb, used in commands_in(p.read_text()) for o in used]
    assert len(found) > 60
    assert [
        f"{p.relative_to(ROOT)}: auditor {verb} {o}" for p, verb, o in found if o not in options_of(verb)
    ] == []


def test_a_command_with_an_option_that_does_not_exist_would_be_found():
    ((verb, used),) = commands_in("split anew: auditor split DATA --replace-split")
    assert set(used) - options_of(verb) == {"--replace-split"}


def parse(command):
    """Parse a command as the shell and click would; raises where it does not."""
    name, verb, *words = shlex.split(command)
    assert name == "auditor"
    cli.commands[verb].make_context(verb, list(words))
    return verb, words


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A folder and a table with the same faults: leaks of copies and patients, a rare class, no val."""
    folder = tmp_path_factory.mktemp("my data")
    tree = write_tree(
        folder / "tree", {"train/red": 40, "train/green": 30, "train/blue": 3, "test/red": 6, "test/green": 9}
    )
    for i in range(3):
        (tree / "test" / "red" / f"copy{i}.png").write_bytes(
            (tree / "train" / "red" / f"00{i}.png").read_bytes()
        )
    (tree / "train" / "red" / "broken.png").write_bytes(encoded(picture("red", 99))[:200])
    rows = [
        (p.relative_to(tree).as_posix(), p.parent.name, p.parent.parent.name, f"p{i // 5}")
        for i, p in enumerate(sorted(tree.rglob("*.png")))
    ]
    table = pd.DataFrame(rows, columns=["what's the file?", "kind of disc", "part", "$patient"])
    table.to_csv(folder / "a table.csv", index=False)
    return {
        "folder": (tree, {}),
        "table": (
            folder / "a table.csv",
            {
                "path": "what's the file?",
                "root": str(tree),
                "label": "kind of disc",
                "split": "part",
                "group": "$patient",
            },
        ),
    }


def found_on(kind, kinds, output):
    data, columns = kinds[kind]
    return auditor.scan(data, output=output, images=False, **columns), data, columns


@pytest.mark.parametrize("kind", ["folder", "table"])
def test_every_fix_of_every_finding_parses_carries_the_options_and_runs(kind, kinds, tmp_path):
    output = tmp_path / "my out"
    audit, data, columns = found_on(kind, kinds, output)
    commands = {f.fix.command for f in audit.record.findings if f.fix and f.fix.command}
    assert len(commands) >= 2
    for command in sorted(commands):
        verb, words = parse(command)
        assert str(data) in words and words[words.index("-o") + 1] == str(output)
        for name, column in columns.items():
            assert words[words.index(f"--{name}") + 1] == column
        if verb == "augment":
            pytest.importorskip("albumentations")
        if verb != "train":
            cli.main([verb, *words, "-q"], standalone_mode=False)
    assert auditor.load(output).record.split is not None


def promised(command, output):
    """Whether what a command says in its words is what it did."""
    verb, words = parse(command)
    given = {word: words[i + 1] for i, word in enumerate(words[:-1]) if word.startswith("--")}
    if verb == "split":
        table = pd.read_csv(output / "split.csv", keep_default_na=False)
        if "--folds" in given:
            return set(table["fold"]) - {"", "test"} >= {str(k) for k in range(int(given["--folds"]))}
        return {"train", "val", "test"} <= set(table["split"])
    if verb == "augment":
        made = pd.read_csv(output / "augmented.csv")
        return len(made) > 0 and set(made["split"]) == {"train"}
    return (output / "audit.json").exists()


@pytest.mark.parametrize("kind", ["folder", "table"])
def test_every_command_of_a_fix_does_what_its_words_say(kind, kinds, tmp_path):
    pytest.importorskip("albumentations")
    audit, _, _ = found_on(kind, kinds, tmp_path / "out")
    commands = {f.fix.command for f in audit.record.findings if f.fix and f.fix.command}
    tried = sorted(command for command in commands if parse(command)[0] in ("split", "augment", "scan"))
    assert {parse(command)[0] for command in tried} >= {"split", "augment"}
    for k, command in enumerate(tried):
        _, words = parse(command)
        words[words.index("-o") + 1] = str(tmp_path / f"own {k}")
        cli.main([parse(command)[0], *words, "-q"], standalone_mode=False)
        assert promised(command, tmp_path / f"own {k}"), command


def test_a_split_that_a_fix_makes_ends_the_leak(kinds, tmp_path):
    audit, _, _ = found_on("table", kinds, tmp_path / "out")
    leak = next(f for f in audit.record.findings if f.code == "group-leak" and f.fix and f.fix.command)
    _, words = parse(leak.fix.command)
    cli.main(["split", *words, "-q"], standalone_mode=False)
    after = [f for f in auditor.load(tmp_path / "out").record.split_findings if f.code == leak.code]
    assert after and {str(f.severity) for f in after} == {"pass"}


@pytest.mark.parametrize(
    "template",
    [
        "auditor split TABLE --group COLUMN --replace -o OUT",
        "auditor split DATA --group session -o OUT",
        "auditor apply decisions.csv DATA -o OUT/cleaned.csv",
    ],
)
def test_what_does_not_run_on_this_data_is_not_shown_as_a_command(template, kinds):
    finding = Finding(code="dark", title="", summary="", fix=Fix(text="Look.", command=template))
    (filled,) = fill_commands([finding], auditor.open(kinds["folder"][0]), ScanRequest())
    assert filled.fix == Fix(text="Look.", command=None)


def test_data_with_one_class_gets_no_command_that_needs_two(tmp_path):
    finding = Finding(code="dark", title="", summary="", fix=Fix(text="Look.", command="auditor split DATA"))
    one = auditor.open(write_tree(tmp_path / "one", {"red": 4}))
    (filled,) = fill_commands([finding], one, ScanRequest())
    assert filled.fix.command is None


def test_data_that_is_no_file_gets_no_command(kinds):
    tree, _ = kinds["folder"]
    rows = [(str(p), p.parent.name) for p in sorted(tree.rglob("0*.png"))]
    audit = auditor.scan(
        pd.DataFrame(rows, columns=["path", "label"]), config=auditor.Config(select=("class-imbalance",))
    )
    assert [f.fix.command for f in audit.record.findings if f.fix] == [None]


def test_a_data_folder_whose_name_begins_with_a_dash_is_no_option(kinds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path / "-data", {"red": 60, "blue": 4})
    audit = auditor.scan("./-data", config=auditor.Config(select=("class-imbalance",)))
    (command,) = [f.fix.command for f in audit.record.findings if f.fix]
    _, words = parse(command)
    assert "./-data" in words


def test_a_wrong_option_does_not_parse():
    with pytest.raises(click.UsageError):
        parse("auditor split DATA --replace-split")
