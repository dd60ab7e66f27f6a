"""The plug-ins as auditor finds them once the package is installed: ``pip install ./examples/lens_cap``."""

import json
import subprocess
import sys

import numpy as np
import pytest
from auditor_lens_cap.check import LensCap
from PIL import Image

import auditor


@pytest.fixture
def listing(tmp_path):
    rng = np.random.default_rng(0)
    lines = []
    for i in range(12):
        picture = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) if i else np.zeros((32, 32, 3), np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{i:02d}.png")
        lines.append(f"{i:02d}.png {'cat' if i % 2 else 'dog'}")
    (tmp_path / "pets.lst").write_text("\n".join(lines))
    return tmp_path / "pets.lst"


def test_the_reader_reads_the_list(listing):
    data = auditor.open(listing)
    assert (data.kind, len(data), data.classes) == ("list file", 12, ("cat", "dog"))


def test_the_check_finds_the_covered_picture(listing):
    audit = auditor.scan(listing)
    (finding,) = [f for f in audit.record.findings if f.code == "lens-cap"]
    assert finding.severity == "warning" and list(finding.examples["path"]) == ["00.png"]
    assert finding.parameters == {"brightest": 0.05, "warn-share": 0.0}


def test_it_can_be_selected_set_and_traced_on_the_command_line(listing, tmp_path):
    out = tmp_path / "out"
    words = ["scan", listing, "-o", out, "-q", "--select", "lens-cap", "--set", "lens-cap.warn-share=0.5"]
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *words], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    audit = json.loads((out / "audit.json").read_text())
    assert [(f["code"], f["severity"]) for f in audit["findings"]] == [("lens-cap", "pass")]
    assert {(p["kind"], p["name"], p["package"], p["version"]) for p in audit["provenance"]["plugins"]} == {
        ("check", "lens-cap", "auditor-lens-cap", "1.0.0"),
        ("reader", "list-file", "auditor-lens-cap", "1.0.0"),
    }
    report = (out / "report.html").read_text()
    assert "lens-cap" in report and "auditor-lens-cap 1.0.0" in report


def test_its_thresholds_have_defaults():
    assert LensCap().brightest == 0.05
