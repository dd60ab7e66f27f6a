"""The command line from outside: exit statuses, one line for what is wrong, files of the contract."""

import csv
import json
import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

import auditor
from auditor.cli import cli, main
from tests.conftest import encoded, picture, write_tree

COMMANDS = {
    "run",
    "scan",
    "split",
    "verify",
    "augment",
    "train",
    "report",
    "compare",
    "apply",
    "selftest",
    "demo",
}


def call(monkeypatch, capsys, *args):
    """Run a command in this process; returns its exit status, stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["auditor", *map(str, args)])
    with pytest.raises(SystemExit) as stop:
        main()
        raise SystemExit(0)
    said = capsys.readouterr()
    return stop.value.code or 0, said.out, said.err


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *args: call(monkeypatch, capsys, *args)


def rows(file):
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_every_command_of_the_contract_is_there_and_explains_itself():
    assert set(cli.commands) == COMMANDS
    for name in sorted(COMMANDS):
        shown = CliRunner().invoke(cli, [name, "--help"])
        assert shown.exit_code == 0 and len(cli.commands[name].help) > 20, name


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "--version"], capture_output=True, text=True, check=True
    )
    assert auditor.__version__ in done.stdout


def test_scan_writes_the_files_of_the_contract_and_prints_the_verdict(command, split_tree, tmp_path):
    status, out, _ = command("scan", split_tree, "-o", "found")
    assert status == 0
    assert "discs: " in out and "report: found/report.html" in out
    made = {p.name for p in (tmp_path / "found").iterdir()}
    assert {"report.html", "audit.json", "findings.csv", "images.parquet", "thumbnails.parquet"} <= made
    assert "baseline.json" not in made
    audit = json.loads((tmp_path / "found" / "audit.json").read_text())
    assert audit["dataset"]["images"] == 126
    assert audit["dataset"]["splits"] == {"train": 76, "val": 20, "test": 30}


def test_fail_on_sets_the_exit_status_and_names_what_failed(command, split_tree):
    strict = ("--select", "class-imbalance", "--set", "class-imbalance.warn-ratio=2")
    assert command("scan", split_tree, *strict)[0] == 0
    status, _, err = command("scan", split_tree, *strict, "--fail-on", "warning", "-q")
    assert status == 1 and "class-imbalance" in err
    assert command("scan", split_tree, *strict, "--fail-on", "error")[0] == 0


def test_settings_of_the_project_are_read_and_an_ended_waiver_fails(command, split_tree, tmp_path):
    waiver = '[[waivers]]\nfinding = "class-imbalance"\nreason = "r"\nowner = "Ada"\nexpires = {}\n'
    settings = 'select = ["class-imbalance"]\nfail-on = "warning"\n[checks.class-imbalance]\nwarn-ratio = 2\n'
    (tmp_path / "auditor.toml").write_text(settings)
    assert command("scan", split_tree)[0] == 1
    (tmp_path / "auditor.toml").write_text(settings + waiver.format("2999-01-01"))
    assert command("scan", split_tree)[0] == 0
    (tmp_path / "auditor.toml").write_text(
        settings.replace("warn-ratio = 2", "warn-ratio = 99") + waiver.format("2020-01-01")
    )
    status, _, err = command("scan", split_tree)
    assert status == 1 and "ended on 2020-01-01" in err


def test_the_second_scan_of_the_same_data_gives_the_same_bytes(command, split_tree, tmp_path):
    command("scan", split_tree, "-o", "one", "--reproducible")
    command("scan", split_tree, "-o", "two", "--reproducible", "--jobs", "2")
    for name in ("audit.json", "findings.csv", "images.parquet", "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_split_verify_and_a_changed_row(command, class_tree, tmp_path):
    status, out, _ = command("split", class_tree, "--ratios", "60/20/20", "-o", "plan")
    assert status == 0 and "FAILS" not in out
    planned = rows(tmp_path / "plan" / "split.csv")
    for label, count in (("red", 30), ("green", 25), ("blue", 10)):
        for part, share in (("train", 0.6), ("val", 0.2), ("test", 0.2)):
            assert abs(sum(r["label"] == label and r["split"] == part for r in planned) - share * count) < 1
    assert command("verify", "plan/split.csv", class_tree)[0] == 0
    text = (tmp_path / "plan" / "split.csv").read_text()
    (tmp_path / "plan" / "split.csv").write_text(text.replace(",train,", ",val,", 1))
    status, out, err = command("verify", "plan/split.csv", class_tree, "-q")
    assert status == 1 and "FAILS" in out and err.startswith("auditor: ") and err.count("\n") == 1


def test_report_is_made_again_without_the_data(command, tmp_path):
    data = write_tree(tmp_path / "gone", {"red": 5, "blue": 5})
    command("scan", data, "-o", "found")
    shutil.rmtree(data)
    before = (tmp_path / "found" / "report.html").read_text()
    assert command("report", "found", "-o", "again.html")[0] == 0
    assert (tmp_path / "again.html").read_text() == before


@pytest.fixture
def bad(tmp_path):
    """Inputs that cannot be used, by name."""
    write_tree(tmp_path / "flat", {"red": 1})
    (tmp_path / "flat" / "red" / "000.png").rename(tmp_path / "flat" / "x.png")
    (tmp_path / "flat" / "red").rmdir()
    write_tree(tmp_path / "one", {"red": 4})
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken" / "a").mkdir(parents=True)
    (tmp_path / "broken" / "a" / "x.png").write_bytes(b"no picture")
    (tmp_path / "no-column.csv").write_text("file,class\na.png,b\n")
    (tmp_path / "absent.csv").write_text("path,label\na.png,b\n")
    (tmp_path / "blank.csv").write_text("")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    return tmp_path


@pytest.mark.parametrize(
    "args",
    [
        ("scan", "nowhere"),
        ("scan", "empty"),
        ("scan", "broken"),
        ("scan", "no-column.csv"),
        ("scan", "absent.csv"),
        ("scan", "blank.csv"),
        ("scan", "binary.csv"),
        ("scan", "flat/x.png"),
        ("scan", "flat", "--select", "no-such-check"),
        ("scan", "flat", "--set", "class-imbalance.no-such=1"),
        ("scan", "flat", "--config", "nowhere.toml"),
        ("scan", "flat", "--fail-on", "sometimes"),
        ("scan", "flat", "-o", "blank.csv/o"),
        ("scan", "flat", "-o", "flat"),
        ("split", "flat"),
        ("split", "one"),
        ("run", "flat"),
        ("run", "one"),
        ("train", "one"),
        ("augment", "one"),
        ("split", "one", "--ratios", "60/20/30"),
        ("verify", "nowhere.csv", "one"),
        ("report", "nowhere"),
        ("frobnicate",),
        ("scan",),
    ],
)
def test_bad_input_is_refused_in_one_line_and_nothing_is_left_behind(command, bad, args):
    before = set(bad.rglob("*"))
    status, _, err = command(
        *args,
        *(() if "-o" in args or len(args) == 1 or args[0] in ("verify", "report") else ("-o", "out", "-q")),
    )
    assert status == 2
    assert err.count("\n") == 1 and err.startswith("auditor: ")
    assert "Traceback" not in err
    assert set(bad.rglob("*")) == before


def test_images_without_classes_are_scanned_and_label_checks_say_why_they_did_not_run(command, tmp_path):
    (tmp_path / "loose").mkdir()
    for i in range(6):
        (tmp_path / "loose" / f"{i}.png").write_bytes(encoded(picture("red", i)))
    (tmp_path / "loose" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "loose" / "notes.txt").write_text("x")
    status, _, _ = command("scan", "loose", "-o", "out")
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert status == 0
    assert audit["dataset"]["classes"] == [] and audit["dataset"]["ignored"] == 2
    (skipped,) = [f for f in audit["findings"] if f["code"] == "class-imbalance"]
    assert skipped["severity"] == "skipped" and "no classes" in skipped["summary"]
    assert "notes.txt" in (tmp_path / "out" / "report.html").read_text()


def test_absent_files_and_classes_of_one_image_are_findings(command, tmp_path):
    write_tree(tmp_path / "set", {"red": 5, "green": 1})
    (tmp_path / "set" / "blue").mkdir()
    (tmp_path / "table.csv").write_text(
        "path,label\n" + "".join(f"set/red/{i:03d}.png,red\n" for i in range(7)) + "set/green/000.png,green\n"
    )
    assert command("scan", "table.csv", "-o", "table")[0] == 0
    audit = json.loads((tmp_path / "table" / "audit.json").read_text())
    assert audit["dataset"]["images"] == 8 and audit["dataset"]["unreadable"] == 2
    missing = {r["path"] for r in rows(tmp_path / "table" / "findings.csv") if r["check"] == "unreadable"}
    assert missing == {"set/red/005.png", "set/red/006.png"}
    assert command("scan", "set", "-o", "folder")[0] == 0
    found = {f["code"]: f for f in json.loads((tmp_path / "folder" / "audit.json").read_text())["findings"]}
    assert found["empty-class"]["severity"] in ("warning", "error")


def test_the_data_is_never_written_to(command, split_tree, tmp_path):
    data = shutil.copytree(split_tree, tmp_path / "data")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in data.rglob("*")}
    command("scan", data, "-o", "out")
    command("split", data, "-o", "out", "--replace")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in data.rglob("*")} == before


def test_an_output_folder_inside_the_data_is_not_read_as_data(command, tmp_path):
    data = write_tree(tmp_path / "data", {"red": 5, "blue": 5})
    command("scan", data, "-o", data / "auditor-out")
    (data / "auditor-out" / "copy.png").write_bytes(encoded(picture("red", 99)))
    command("scan", data, "-o", data / "auditor-out")
    assert json.loads((data / "auditor-out" / "audit.json").read_text())["dataset"]["images"] == 10


def test_every_command_in_a_fix_can_be_typed(command, tmp_path):
    import shlex

    import click

    data = write_tree(
        tmp_path / "my data",
        {"train/red": 60, "train/blue": 3, "test/red": 3, "test/Red ": 2, "test/green": 30},
    )
    shutil.copy(data / "train" / "red" / "000.png", data / "test" / "red" / "copy.png")
    shutil.copy(data / "train" / "red" / "001.png", data / "train" / "blue" / "copy.png")
    (data / "train" / "red" / "bad.png").write_bytes(encoded(picture("red", 7))[:300])
    command("scan", data, "-o", "o u t")
    commands = [
        f["fix"]["command"]
        for f in json.loads((tmp_path / "o u t" / "audit.json").read_text())["findings"]
        if f["fix"]
    ]
    commands = [c for c in commands if c]
    assert len(commands) > 5
    for line in commands:
        program, name, *args = shlex.split(line)
        assert program == "auditor", line
        with click.Context(cli) as context:
            cli.commands[name].make_context(name, list(args), parent=context)
        assert str(data) in args or name in ("report", "apply"), line


def test_a_training_package_that_is_not_installed_is_named_before_any_work(
    command, split_tree, monkeypatch, tmp_path
):
    import importlib.util

    for module, package, other in (
        ("keras", "keras", "train"),
        ("sklearn", "scikit-learn", "train"),
        ("albumentations", "albumentations", "augment"),
    ):
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, absent=module: None if name == absent else name
        )
        for line in (("run", split_tree), (other, split_tree), ("demo",)):
            status, _, err = command(*line, "-o", "out")
            assert status == 2 and f"'{package}'" in err and "auditor[train]" in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_core_commands_run_where_no_training_package_is_installed(split_tree, tmp_path):
    """Each in a process of its own, from a scan to the split's report."""
    absent = ("tensorflow", "keras", "albumentations", "sklearn", "imblearn", "joblib")
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); from auditor.cli import main; sys.exit(main())"
    out = "auditor-out"
    for line in (("scan", split_tree), ("split", split_tree, "--ratios", "60/20/20"), ("verify", f"{out}/split.csv", split_tree),
                 ("report", out), ("compare", out, out), ("selftest", split_tree)):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, line)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("fail_on", "status"), [("never", 0), ("warning", 1)])
@pytest.mark.parametrize("closed", ["stdout", "both"])
def test_a_reader_who_leaves_early_changes_nothing(class_tree, tmp_path, fail_on, status, closed):
    """As in ``auditor scan DATA | head -1``: the status is the one that the data earned, and the files are whole."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [
        sys.executable,
        "-m",
        "auditor",
        "scan",
        class_tree,
        "-o",
        tmp_path / "out",
        "--select",
        "rare-class",
        "--no-images",
    ]
    try:
        done = subprocess.run(
            [*command, "--fail-on", fail_on],
            stdout=writing,
            stderr=writing if closed == "both" else subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    assert done.returncode == status
    assert "Traceback" not in (done.stderr or "") and "BrokenPipe" not in (done.stderr or "")
    assert json.loads((tmp_path / "out" / "audit.json").read_text())["dataset"]["images"] == 65
