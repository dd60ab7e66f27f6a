"""The wheel is what is shipped: it holds the whole tree under one name, and importing it is cheap."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tree():
    """Every Python file of the package as the wheel should name it."""
    own = {p.relative_to(ROOT).as_posix() for p in (ROOT / "auditor").rglob("*.py") if not p.is_symlink()}
    own = {p for p in own if not p.startswith(("auditor/reports/", "auditor/templates/"))}
    moved = {
        f"auditor/{p.relative_to(ROOT).as_posix()}"
        for d in ("reports", "templates")
        for p in (ROOT / d).rglob("*.py")
    }
    return {p for p in own | moved if "__pycache__" not in p}


def test_every_package_of_the_tree_is_listed():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(setup["options"]["packages"].split())
    assert listed == {str(Path(p).parent).replace("/", ".") for p in tree()}


@pytest.mark.slow
def test_the_wheel_holds_the_tree_under_one_name(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in (
        "auditor",
        "reports",
        "templates",
    ):  # a copy: building leaves files behind that would get into the next wheel
        shutil.copytree(
            ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, source]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {n.split("/")[0].split("-")[0] for n in names} == {"auditor"}
    assert {n for n in names if n.endswith(".py")} == tree()
    data = {
        f"auditor/{p.relative_to(ROOT).as_posix()}"
        for p in (ROOT / "templates").rglob("*")
        if p.suffix in (".html", ".css", ".js", ".svg")
    }
    assert data <= names
    assert "auditor/py.typed" in names


def test_importing_the_package_loads_nothing_heavy():
    heavy = "numpy pandas cv2 pyarrow sklearn scipy tensorflow keras albumentations jinja2 rich"
    code = f"import sys, auditor, auditor.cli; print(*sorted(set('{heavy}'.split()) & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == ""
    )


def test_a_scan_loads_none_of_the_training_packages(tmp_path):
    code = (
        "import sys, auditor.commands.scan; print(*sorted({'tensorflow', 'keras', 'albumentations', "
        "'sklearn', 'imblearn'} & set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == ""
    )


def test_no_submodule_bears_the_name_of_a_public_function():
    import auditor

    modules = {p.stem for p in (ROOT / "auditor").iterdir() if p.suffix == ".py" or p.is_dir()}
    assert not modules & set(auditor.__all__)


def test_every_public_name_is_there():
    import auditor

    assert all(getattr(auditor, name) is not None for name in auditor.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = auditor.nothing


def test_the_commands_of_the_readme_are_what_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- ci: demo -->" in readme and "<!-- ci: tests -->" in readme
