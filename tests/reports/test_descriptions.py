"""Croissant and the data card describe a data set to strangers, from the record alone."""

import hashlib
import json
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import auditor
from auditor.finding import Waiver
from auditor.reports import render
from tests.conftest import write_tree
from tests.reports.examples import record


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = write_tree(
        tmp_path_factory.mktemp("described") / "discs",
        {"train/red": 12, "train/blue": 8, "test/red": 6, "test/blue": 6},
    )
    (root / "test" / "red" / "copy.png").write_bytes((root / "train" / "red" / "000.png").read_bytes())
    out = root.parent / "out"
    auditor.scan(root, output=out)
    return out


def test_croissant_is_valid_and_its_records_are_the_audit(folder, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the packages below it deprecate is not ours
        mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
        (file,) = auditor.report(folder, formats=["croissant"])
        assert file.name == "croissant.json"
        described = mlcroissant.Dataset(jsonld=file)
        assert not described.metadata.issues.errors
        images = list(described.records("images"))
        found = list(described.records("findings"))
        classes = list(described.records("classes"))
    audit = auditor.load(folder)
    assert [r["images/path"].decode() for r in images] == audit.images["path"].tolist()
    assert [r["images/sha256"].decode() for r in images] == audit.images["sha256"].tolist()
    assert {r["classes/name"]: r["classes/images"] for r in classes} == {"red": 19, "blue": 14}
    assert [r["findings/id"] for r in found] == [f.id for f in audit.record.findings]
    (leak,) = [r for r in found if r["findings/id"] == "split-leak:train-test"]
    assert leak["findings/severity"] == "error" and leak["findings/affected"] == 1


def test_croissant_addresses_the_table_from_where_it_stands(folder, tmp_path):
    (file,) = auditor.report(folder, output=tmp_path / "elsewhere.json", formats=["croissant"])
    (table,) = json.loads(file.read_text())["distribution"]
    assert (file.parent / table["contentUrl"]).resolve() == (folder / "images.parquet").resolve()
    assert table["sha256"] == hashlib.sha256((folder / "images.parquet").read_bytes()).hexdigest()


def test_findings_annotate_the_data_and_passes_do_not(folder):
    made = json.loads(render(auditor.load(folder).record, "croissant"))
    opened = [
        f for f in auditor.load(folder).record.findings if f.severity in ("error", "warning", "undecided")
    ]
    assert {a["name"] for a in made["dqv:hasQualityAnnotation"]} == {f.id for f in opened}
    assert any(text.startswith("error, split-leak:train-test") for text in made["rai:dataLimitations"])
    assert not [text for text in made.get("rai:dataBiases", []) if "split-leak" in text]


def hostile():
    made = record()
    first = replace(
        made.findings[0],
        summary="</script>\u202e | <b>x</b> \ud800 `y` [a](http://b)\n# head",
        waiver=Waiver(reason="<i>why</i>", owner="me", expires="2099-01-01"),
    )
    facts = replace(made.dataset, name='a"\n- b: [\ud800 <script>')
    return replace(made, findings=(first, *made.findings[1:]), dataset=facts)


def test_hostile_names_are_data_in_croissant():
    made = json.loads(render(hostile(), "croissant"))
    assert "\n" not in made["name"] and "\u202e" not in json.dumps(made, ensure_ascii=False)
    assert "<i>why</i>" in made["dqv:hasQualityAnnotation"][0]["dct:description"]


def test_a_data_card_has_the_front_matter_of_the_hub_and_its_sections(folder):
    text = render(auditor.load(folder).record, "data-card")
    front = yaml.safe_load(text.split("---")[1])
    assert front["task_categories"] == ["image-classification"] and front["size_categories"] == ["n<1K"]
    for heading in (
        "Composition",
        "Quality",
        "Split",
        "Motivation",
        "Collection",
        "Uses",
        "Distribution and maintenance",
    ):
        assert f"\n## {heading}\n" in text
    assert "| red | 12 | 7 | 57.6 % |" in text or "| red | 12 | 7 | 58 % |" in text
    assert "**error**, split-leak:train-test" in text


def test_hostile_names_are_text_in_a_data_card():
    text = render(hostile(), "data-card")
    front = yaml.safe_load(text.split("---\n")[1])
    assert set(front) == {"pretty_name", "task_categories", "size_categories", "tags"}
    assert front["pretty_name"].startswith('a"\n- b: [')
    body = text.split("---\n", 2)[2]
    assert (
        "<script>" not in body
        and "<b>" not in body
        and "<i>" not in body
        and "](http" not in body.replace("\\](", "")
    )


def test_audit_report_writes_them_by_name(folder, tmp_path):
    audit = auditor.load(folder)
    assert audit.report(tmp_path / "README.md", format="data-card").read_text().startswith("---\n")
    assert auditor.export(audit, "data-card").startswith("---\n")
    file = auditor.export(audit, "croissant", tmp_path)
    assert file == Path(tmp_path / "croissant.json") and json.loads(file.read_text())["@type"] == "sc:Dataset"
