"""What stands in examples/ works as it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import auditor
from tests.conftest import write_tree

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def test_the_gate_lets_the_audited_data_through_and_no_other(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 8, "blue": 8})
    auditor.scan(data, output=tmp_path / "out", config=auditor.Config(select=("unreadable", "dark")))
    command = [sys.executable, EXAMPLES / "gate.py", data, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "training on 16 images\n")
    (data / "red" / "000.png").rename(data / "blue" / "moved.png")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (
        done.returncode == 1
        and done.stdout == ""
        and "not fit to train on: expected the data that was audited" in done.stderr
    )


def test_the_notebook_is_stored_without_outputs():
    for cell in json.loads((EXAMPLES / "audit.ipynb").read_text(encoding="utf-8"))["cells"]:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of Jupyter's own packages
def test_the_notebook_runs_and_shows_its_findings_and_charts():
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    notebook = nbformat.read(EXAMPLES / "audit.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = {i: cell["outputs"] for i, cell in enumerate(notebook.cells) if cell["cell_type"] == "code"}
    shown = [o["data"] for cell in outputs.values() for o in cell if "data" in o]
    html = " ".join("".join(d.get("text/html", "")) for d in shown)
    assert "Audit of discs: Not fit to train on yet" in html and "split-leak:train-test" in html
    assert html.count("data:image/svg+xml") == 2 and "data:image/webp" in html
    scan = next(o for o in outputs.values() if any(d["output_type"] == "execute_result" for d in o))
    lines = [d for d in scan if d["output_type"] == "display_data"]
    assert len(lines) == 1, "progress is one line that changes"
    assert "Writing the report" in lines[0]["data"]["text/plain"]
    assert not [
        o for cell in outputs.values() for o in cell if o["output_type"] == "stream" and o["name"] == "stderr"
    ]
    assert "((" in shown[-1]["text/plain"]
