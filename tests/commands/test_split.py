"""What the certificate of a split says of the scan that it was made from."""

import auditor
from tests.conftest import write_tree


def test_the_certificate_holds_the_threshold_by_which_duplicates_were_found(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 20, "blue": 20})
    audit = auditor.scan(data, config=auditor.Config(select=("near-duplicate",)))
    plan = auditor.split(data, scan=audit, output=tmp_path / "out")
    measured = audit.evidence.duplicates.calibration.threshold
    assert plan.facts["duplicate_threshold"] == float(f"{measured:.6g}") and 0 < measured < 1
    assert all(claim["holds"] for claim in auditor.verify(tmp_path / "out" / "split.csv", data))
