"""What `import auditor` gives: functions that no file of the same name shadows, and their contract."""

import inspect
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import auditor
from auditor.errors import UsageError
from tests.conftest import write_tree

FAST = auditor.Config(select=("unreadable", "class-imbalance"))
VERBS = sorted(
    p.stem for p in Path(auditor.__file__).parent.joinpath("commands").glob("*.py") if p.stem != "__init__"
)


def test_a_public_function_stays_the_function_after_the_file_of_its_verb_is_imported():
    code = (
        "import importlib, types, auditor\n"
        f"for verb in {VERBS}: importlib.import_module('auditor.commands.' + verb)\n"
        "print(*[n for n in auditor.__all__ if isinstance(getattr(auditor, n), types.ModuleType)])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_every_public_name_is_there_and_listed():
    assert {"scan", "run", "split", "verify", "augment", "train", "report", "compare", "apply"} <= set(
        auditor.__all__
    )
    for name in auditor.__all__:
        assert getattr(auditor, name) is not None
    assert set(auditor.__all__) <= set(dir(auditor))


@pytest.mark.parametrize("verb", ["scan", "split", "verify", "apply", "selftest", "run"])
def test_columns_of_a_table_are_named_the_same_way_everywhere(verb):
    parameters = inspect.signature(getattr(auditor, verb)).parameters
    assert parameters["columns"].kind is inspect.Parameter.VAR_KEYWORD
    assert len(parameters) <= 15


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = write_tree(tmp_path_factory.mktemp("grouped"), {"red": 20, "blue": 20})
    rows = [
        (p.relative_to(folder).as_posix(), p.parent.name, f"p{i % 5}")
        for i, p in enumerate(sorted(folder.rglob("*.png")))
    ]
    file = folder / "table.csv"
    pd.DataFrame(rows, columns=["path", "label", "patient"]).to_csv(file, index=False)
    return file


def test_a_split_with_a_scan_divides_no_group_of_the_named_column(table):
    data = auditor.open(table)
    audit = auditor.scan(data, config=FAST)
    plan = auditor.split(data, ratios=(60, 20, 20), group="patient", scan=audit)
    patients = pd.read_csv(table).set_index("path")["patient"]
    parts = plan.table.assign(patient=plan.table["path"].map(patients)).groupby("patient")["split"].nunique()
    assert (parts == 1).all() and plan.facts["group_column"] == "patient"


@pytest.mark.parametrize("columns", [{"group": "nowhere"}, {"label": "patient"}, {"split": "patient"}])
def test_what_the_scan_has_settled_is_not_changed_in_silence(table, columns):
    audit = auditor.scan(table, config=FAST)
    with pytest.raises(UsageError):
        auditor.split(table, scan=audit, **columns)


def test_importing_everything_hides_no_name_of_python():
    import builtins

    assert not set(auditor.__all__) & set(dir(builtins))
    assert auditor.open is not open


def test_an_audit_gives_the_images_of_a_finding_and_counts_what_is_open():
    from auditor.commands.audit import Audit
    from auditor.errors import UsageError
    from tests.reports.examples import record

    audit = Audit(record())
    pairs = audit.images_of("split-leak:train-val")
    assert len(pairs) == len(audit.images_of("split-leak")) == 12
    assert set(pairs["split"]) == {"train"} and pairs["other_path"].str.startswith("val/").all()
    assert audit.images_of("class-imbalance").empty
    with pytest.raises(UsageError, match="no-such"):
        audit.images_of("no-such")
    assert repr(audit).endswith("60 images, 3 open findings>")
    fixes = audit.findings.set_index("id")
    assert fixes.loc["class-imbalance", "command"] == "auditor augment DATA --target balanced"
    assert fixes.loc["blurry", "fix"] == ""
