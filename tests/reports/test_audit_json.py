import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from auditor.finding import Effect, Finding
from auditor.reports.audit_json import audit_to_json, dump_json
from auditor.reports.files import load_record, save_record
from tests.reports.examples import record


@pytest.fixture(scope="module")
def schema():
    return json.loads((resources.files("auditor.reports") / "audit.schema.json").read_text(encoding="utf-8"))


def validate(made, schema):
    jsonschema.Draft202012Validator(schema, format_checker=None).validate(
        json.loads(dump_json(audit_to_json(made)))
    )


def test_the_schema_is_one(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    "parts",
    [{}, {"split": None, "split_findings": (), "augmentation": None, "baseline": None, "exhibits": {}}],
)
def test_what_is_written_fits_the_schema(schema, parts):
    validate(replace(record(), **parts), schema)


def test_an_audit_from_before_effects_had_a_margin_is_read(tmp_path):
    narrow = Effect(name="distance", value=0.02, low=0.0, high=0.04, warn_at=0.05)
    findings = (Finding(code="content-shift", title="t", summary="s", effect=narrow),)
    save_record(replace(record(), findings=findings, split_findings=()), tmp_path)
    audit = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert audit["findings"][0]["effect"].pop("accept_at") is None
    (tmp_path / "audit.json").write_text(json.dumps(audit), encoding="utf-8")
    assert load_record(tmp_path).findings[0].effect == narrow


def test_the_schema_describes_every_key_that_is_written(schema):
    audit = audit_to_json(record())
    assert set(audit) == set(schema["properties"])
    assert set(audit["dataset"]) == set(schema["properties"]["dataset"]["properties"])
    assert set(audit["provenance"]) == set(schema["properties"]["provenance"]["properties"])
    for finding in audit["findings"]:
        assert set(finding) == set(schema["$defs"]["finding"]["properties"])
        if finding["effect"]:
            assert set(finding["effect"]) == set(schema["$defs"]["effect"]["properties"])


def test_the_schema_refuses_what_is_wrong(schema):
    for spoil in (
        lambda a: a.pop("verdict"),
        lambda a: a.update(verdict="fine"),
        lambda a: a["findings"][0].update(severity="bad"),
        lambda a: a["dataset"].update(images=-1),
        lambda a: a["findings"][0]["effect"].pop("low"),
    ):
        audit = json.loads(dump_json(audit_to_json(record())))
        spoil(audit)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(audit, schema)


def test_effects_without_bounds_come_back(tmp_path, schema):
    open_ended = Effect(name="distance", value=0.5, low=float("-inf"), high=float("inf"), warn_at=0.1)
    beyond = Effect.counted("imbalance ratio", float("inf"), warn_at=10, unit="ratio")
    made = replace(
        record(),
        findings=tuple(
            Finding(code="x", scope=str(i), title="t", summary="s", effect=e)
            for i, e in enumerate((open_ended, beyond))
        ),
    )
    validate(made, schema)
    save_record(made, tmp_path)
    assert [f.effect for f in load_record(tmp_path).findings] == [open_ended, beyond]
