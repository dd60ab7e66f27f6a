"""Plug-ins are found by their entry points; a broken one costs a warning and nothing else."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import auditor
from auditor.checks import CHECKS, plugins
from auditor.errors import DataError, UsageError
from auditor.plugins import PluginWarning, loaded
from auditor.readers import plugged as plugged_readers
from tests.conftest import write_tree

CHECK = """
from dataclasses import dataclass
from typing import ClassVar
from auditor.finding import Effect, Finding

@dataclass(frozen=True, slots=True, kw_only=True)
class Red:
    "Pictures of red."
    code: ClassVar[str] = "{code}"
    needs: ClassVar[frozenset[str]] = frozenset({{"labels"}})
    about_splits: ClassVar[bool] = False
    warn_count: int = 2

    def __call__(self, evidence):
        {body}
"""
GOOD = """red = evidence.images[evidence.labels == "red"]
        effect = Effect.counted("red", len(red), warn_at=self.warn_count)
        yield Finding(code=self.code, title="Red", summary="Red.", why="Red.", affected=len(red), total=len(red), effect=effect,
                      examples=red[["path"]].assign(score=1.0))"""
READER = """
import pandas as pd
from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError

def reads(location):
    return location.suffix == ".lst"

def read(location, columns):
    {body}
"""
LISTED = """rows = sorted(line.split() for line in location.read_text().splitlines())
    samples = pd.DataFrame(rows, columns=["path", "label"]).assign(split="", group="")
    return Dataset(name="l", kind="list", location=str(location), samples=samples, source=LocalFiles(str(location.parent)))"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install packages for the length of a test.

    Metadata and one module each, in a folder that Python looks into.
    """
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def forget():
        plugins.every_check.cache_clear()
        plugged_readers.plugged_readers.cache_clear()
        monkeypatch.setattr("auditor.plugins._LOADED", {})

    def put(package, *, check="", reader=""):
        module = package.replace("-", "_")
        (site / f"{module}.py").write_text(textwrap.dedent(check or reader))
        meta = site / f"{module}-2.1.dist-info"
        meta.mkdir()
        (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n")
        group, target = ("checks", f"{module}:Red") if check else ("readers", module)
        (meta / "entry_points.txt").write_text(f"[auditor.{group}]\nthing = {target}\n")
        forget()
        return site

    yield put
    forget()
    for name in [n for n in sys.modules if n.startswith("plug_")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("plugged") / "discs", {"red": 6, "blue": 5})


def findings(audit):
    return {f.id: f for f in audit.record.findings}


def test_without_plug_ins_there_are_the_own_checks_and_provenance_says_nothing(install, data):
    assert [c for c in plugins.every_check() if c not in CHECKS] == []
    assert "plugins" not in auditor.scan(data, config=auditor.Config(select=("dark",))).record.provenance


def test_a_check_of_a_plug_in_is_selected_set_and_traced(install, data):
    install("plug-red", check=CHECK.format(code="too-red", body=GOOD))
    config = auditor.Config(select=("too-red",))
    (found,) = auditor.scan(data, config=config).record.findings
    assert (found.code, found.severity, found.affected, found.parameters) == (
        "too-red",
        "warning",
        6,
        {"warn-count": 2},
    )
    audit = auditor.scan(data, config=config.with_settings(["too-red.warn-count=6"]))
    assert audit.record.findings[0].severity == "pass"
    assert audit.record.provenance["plugins"] == [
        {"kind": "check", "name": "thing", "package": "plug-red", "version": "2.1"}
    ]
    with pytest.raises(UsageError, match="did you mean 'too-red'"):
        auditor.scan(data, config=auditor.Config(select=("to-red",)))


def test_an_audit_is_made_anew_when_a_plug_in_changes(install, data, tmp_path):
    site = install("plug-red", check=CHECK.format(code="too-red", body=GOOD))
    config = auditor.Config(select=("too-red",))
    first = auditor.scan(data, config=config, output=tmp_path / "out").record.provenance["inputs"]
    assert auditor.scan(data, config=config, output=tmp_path / "out").record.provenance["inputs"] == first
    (site / "plug_red.py").write_text((site / "plug_red.py").read_text() + "# changed\n")
    assert auditor.scan(data, config=config, output=tmp_path / "out").record.provenance["inputs"] != first


BROKEN = {
    "cannot be imported": ("import nothing_of_the_kind", "ModuleNotFoundError"),
    "leaves": ("raise SystemExit(3)", "SystemExit"),
    "has no such name": ("x = 1", "AttributeError"),
    "is no dataclass": ("class Red: pass", "frozen dataclass"),
    "has a code that is taken": (CHECK.format(code="dark", body=GOOD), "'dark' is taken"),
    "has an odd code": (CHECK.format(code="Too Red!", body=GOOD), "like 'lens-flare'"),
    "needs what there is not": (
        CHECK.format(code="too-red", body=GOOD).replace('{"labels"}', '{"luck"}'),
        "not frozenset",
    ),
    "has a threshold that cannot be set": (
        CHECK.format(code="too-red", body=GOOD).replace("int = 2", "tuple = ()"),
        "warn_count",
    ),
    "cannot be called": (
        CHECK.format(code="too-red", body=GOOD).replace("__call__", "find"),
        "cannot be called",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_check_that_is_broken_is_left_out_with_one_line(how, install, data):
    source, said = BROKEN[how]
    install("plug-bad", check=source)
    with pytest.warns(PluginWarning) as caught:
        audit = auditor.scan(data, config=auditor.Config(select=("dark",)))
    (warning,) = caught
    assert "'thing' of plug-bad 2.1 is left out" in str(warning.message) and said in str(warning.message)
    assert "\n" not in str(warning.message)
    assert [f.code for f in audit.record.findings] == ["dark"]
    assert said in audit.record.provenance["plugins"][0]["error"]


FAILING = {
    "raises": ("raise ValueError('a b')", "ValueError: a b"),
    "gives something else": ("yield 3", "it gave int"),
    "gives another code": ("yield Finding(code='dark', title='', summary='')", "code 'dark'"),
    "gives odd evidence": (GOOD.replace('[["path"]]', '[["sha256"]]'), "its examples"),
    "gives numbers that are none": (
        "yield Finding(code=self.code, title='', summary='', details={'x': float('nan')})",
        "ValueError",
    ),
}


@pytest.mark.parametrize("how", FAILING)
def test_a_check_that_fails_is_reported_as_skipped_and_the_others_run(how, install, data):
    body, said = FAILING[how]
    install("plug-bad", check=CHECK.format(code="too-red", body=body))
    with pytest.warns(PluginWarning, match="plug-bad"):
        audit = auditor.scan(data, config=auditor.Config(select=("too-red", "dark")))
    assert findings(audit)["too-red"].severity == "skipped" and said in findings(audit)["too-red"].summary
    assert findings(audit)["dark"].severity == "pass"


def test_of_two_plug_ins_with_one_code_the_first_by_name_keeps_it(install, data):
    install("plug-a", check=CHECK.format(code="too-red", body=GOOD))
    install("plug-b", check=CHECK.format(code="too-red", body=GOOD))
    with pytest.warns(PluginWarning, match="of plug-b .*'too-red' is taken"):
        plugins.every_check()
    assert [(p.package, bool(p.error)) for p in loaded()] == [("plug-a", False), ("plug-b", True)]


def test_a_reader_of_a_plug_in_is_asked_first_and_traced(install, data, tmp_path):
    install("plug-list", reader=READER.format(body=LISTED))
    (data.parent / "all.lst").write_text(
        "\n".join(f"{p} {p.parent.name}" for p in sorted(data.rglob("*.png")))
    )
    audit = auditor.scan(data.parent / "all.lst", config=auditor.Config(select=("dark",)))
    assert (audit.record.dataset.kind, audit.record.dataset.images) == ("list", 11)
    assert audit.record.provenance["plugins"][0]["kind"] == "reader"
    assert auditor.open(data).kind == "class folders"


@pytest.mark.parametrize(
    "body", ["1 / 0", "return 3", "raise DataError(expected='a', received='b', hint='c')"]
)
def test_a_reader_that_fails_is_passed_over_but_its_word_about_the_data_counts(body, install, tmp_path):
    install("plug-list", reader=READER.format(body=body))
    (tmp_path / "x.lst").write_text("a b")
    if "DataError" in body:
        with pytest.raises(DataError, match="expected a; received b"):
            auditor.open(tmp_path / "x.lst")
        return
    with (
        pytest.warns(PluginWarning, match="plug-list"),
        pytest.raises(DataError, match=r"thing \(of plug-list\)"),
    ):
        auditor.open(tmp_path / "x.lst")


def test_on_the_command_line_a_broken_plug_in_is_one_line_and_not_a_status(install, data, tmp_path):
    site = install("plug-bad", check="import nothing_of_the_kind")
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from auditor.cli import main; main()"
    words = ["scan", str(data), "-o", str(tmp_path / "out"), "-q", "--select", "dark"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stderr.count("\n") == 1 and "plug-bad 2.1 is left out: ModuleNotFoundError" in done.stderr
    assert (
        json.loads((tmp_path / "out" / "audit.json").read_text())["provenance"]["plugins"][0]["package"]
        == "plug-bad"
    )


def test_ci_installs_the_example_and_runs_its_tests():
    script = (Path(__file__).resolve().parents[1] / ".ci" / "run").read_text(encoding="utf-8")
    assert (
        "pip install -q ./examples/lens_cap\npython -m pytest -q -p no:cacheprovider examples/lens_cap\n"
        in script
    )


def test_help_looks_for_no_plug_in(install):
    site = install("plug-bad", check="print('loaded')")
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); sys.argv = ['auditor', 'scan', '--help']; from "
        f"auditor.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded" not in done.stdout and done.stderr == ""
