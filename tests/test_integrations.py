"""The GitHub Action and the pre-commit hook, as far as they can be tried without their hosts."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import auditor
from tests.conftest import write_tree

ROOT = Path(__file__).resolve().parents[1]


def step():
    """The step of the action that audits."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (found,) = [s for s in action["runs"]["steps"] if s.get("id") == "audit"]
    return action, found


def test_every_input_of_the_action_is_used_and_none_is_pasted_into_a_script():
    action, _ = step()
    steps = action["runs"]["steps"]
    passed = " ".join(str(v) for s in steps for v in s.get("env", {}).values())
    assert all(f"inputs.{name} " in passed for name in action["inputs"])
    assert not [s for s in steps if "${{" in s.get("run", "")]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the action needs bash")
def test_the_action_fails_the_job_and_writes_summary_annotations_and_verdict(tmp_path):
    _, found = step()
    data = write_tree(tmp_path / "data; touch hacked", {"red": 6, "blue": 6})
    (data / "red" / "bad.png").write_bytes(b"no picture")
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DATA": str(data),
        "FAIL_ON": "error",
        "OUTPUT": str(tmp_path / "out"),
        "ARGUMENTS": "--select unreadable --quiet",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
    }
    done = subprocess.run(
        ["bash", "-c", found["run"]], env=env, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "::error" in done.stdout
    assert (tmp_path / "outputs").read_text() == "verdict=error\n"
    assert (tmp_path / "summary.md").read_text().startswith("## Audit of")
    assert not (tmp_path / "hacked").exists()


def test_the_hook_is_a_command_that_can_be_typed():
    import click

    from auditor.cli import cli

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, name, *args = shlex.split(hook["entry"])
    assert program == "auditor" and hook["pass_filenames"] is False
    with click.Context(cli) as context:
        cli.commands[name].make_context(name, [*args, "data"], parent=context)


def test_an_audit_is_logged_to_mlflow(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    audit = auditor.scan(
        write_tree(tmp_path / "data", {"red": 6, "blue": 6}),
        config=auditor.Config(select=("class-imbalance",)),
    )
    identity = audit.log_to_mlflow()
    run = mlflow.MlflowClient().get_run(identity)
    assert run.data.tags["auditor.verdict"] == audit.verdict
    assert run.data.tags["auditor.fingerprint"] == audit.record.dataset.fingerprint
    assert run.data.metrics["class-imbalance"] == 1.0
    assert run.data.metrics["images"] == 12
    artefacts = {a.path for a in mlflow.MlflowClient().list_artifacts(identity, "auditor")}
    assert artefacts == {"auditor/report.html", "auditor/audit.json"}
    logged = mlflow.artifacts.download_artifacts(
        run_id=identity, artifact_path="auditor/audit.json", dst_path=str(tmp_path / "back")
    )
    assert json.loads(Path(logged).read_text())["dataset"]["images"] == 12
