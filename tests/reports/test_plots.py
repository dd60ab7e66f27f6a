"""Charts that show themselves in a notebook.

Drawings that stand on their own, in which nothing of the user's can act.
"""

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from auditor.baseline.result import Baseline
from auditor.commands.audit import Audit
from auditor.errors import UsageError
from tests.reports.examples import record

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def audit():
    return Audit(record())


def image_of(plot):
    return base64.b64decode(re.search(r"image/svg\+xml;base64,([\w+/=]+)", plot._repr_html_())[1]).decode()


def test_every_class_has_a_bar_with_its_numbers(audit):
    plot = audit.plot_classes()
    root = ElementTree.fromstring(plot.svg)
    texts = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
    counts = audit.images["label"].value_counts()
    assert {"RBC", "WBC"} <= {t.text for t in root.iter(f"{SVG}text")}
    for n in counts[counts.index != ""]:
        assert any(t.split(" ")[0] == f"{n:,}" for t in texts)
    splits = set(audit.images["split"])
    assert splits <= set(texts), "the legend names every split"
    assert image_of(plot) == plot.svg == plot._repr_svg_()


def test_a_finding_is_drawn_with_its_numbers_and_pictures(audit):
    (finding, *_) = [f for f in audit.record.findings if f.examples is not None and f.effect is not None]
    plot = audit.plot_finding(finding.id)
    ElementTree.fromstring(plot.svg)
    assert finding.summary in plot.words and plot.words.startswith(f"{finding.severity}: ")
    shown = [p for p in finding.examples["path"].head(6) if p in audit.record.thumbnails]
    assert plot._repr_html_().count("data:image/webp") == len(shown) > 0
    assert audit.plot_finding(finding.code).title == plot.title


def test_curves_of_a_run(audit):
    result = Baseline(facts=audit.record.baseline, model=None, probabilities=None)
    loss, accuracy = result.plot_history(), result.plot_history(curve="accuracy")
    assert "loss" in loss.title.lower() and "accuracy" in accuracy.title.lower()
    root = ElementTree.fromstring(loss.svg)
    assert len([p for p in root.iter(f"{SVG}path") if "line" in p.get("class", "")]) == 2
    with pytest.raises(UsageError, match="a run from 0"):
        result.plot_history(99)
    with pytest.raises(UsageError, match="'loss' or 'accuracy'"):
        result.plot_history(curve="lr")


def test_the_planned_split(audit):
    ElementTree.fromstring(audit.plot_split().svg)
    with pytest.raises(UsageError, match="a planned split"):
        Audit(replace(audit.record, split=None)).plot_split()


def test_what_is_not_there_is_said_with_the_nearest(audit):
    name = audit.record.findings[0].id
    with pytest.raises(UsageError, match=re.escape(f"did you mean '{name}'")):
        audit.plot_finding(name[:-1])
    skipped = next(f for f in audit.record.findings if f.effect is None)
    with pytest.raises(UsageError, match="not checked"):
        audit.plot_finding(skipped.id)
    with pytest.raises(UsageError, match="without"):
        Audit(replace(audit.record, images=audit.images.assign(label=""))).plot_classes()


def test_hostile_names_do_nothing(audit):
    evil = "</svg></style><script>alert(1)</script>\u202e"
    images = audit.images.assign(label=audit.images["label"].replace("RBC", evil))
    classes = tuple(evil if c == "RBC" else c for c in audit.record.dataset.classes)
    finding = replace(audit.record.findings[0], summary=evil, title=evil)
    made = replace(
        audit.record,
        images=images,
        dataset=replace(audit.record.dataset, classes=classes),
        findings=(finding, *audit.record.findings[1:]),
    )
    for plot in (Audit(made).plot_classes(), Audit(made).plot_finding(finding.id)):
        root = ElementTree.fromstring(plot.svg.encode("utf-8", "backslashreplace"))
        assert (
            not list(root.iter(f"{SVG}script"))
            and "<script" not in plot.svg
            and "<script" not in plot._repr_html_()
        )


def test_a_drawing_stands_on_its_own(audit, tmp_path):
    plot = audit.plot_classes()
    file = plot.save(tmp_path / "classes.svg")
    assert file.read_text(encoding="utf-8") == plot.svg
    assert not re.search(r"(?:href|src)=|url\(|@import", plot.svg.replace("http://www.w3.org/2000/svg", ""))
    used = set(re.findall(r"var\((--[\w-]+)\)", plot.svg)) - {"--mark", "--level"}
    assert used <= set(re.findall(r"(--[\w-]+):", plot.svg)), "every colour that is used is defined in it"
