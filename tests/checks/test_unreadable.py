import pytest

from auditor.checks.unreadable import Unreadable
from auditor.evidence import Evidence
from auditor.finding import Severity
from tests.checks.files import found, paths, sampled, scan_of
from tests.checks.plants import column
from tests.scanning.making import jpeg, png


def test_names_every_unreadable_file_with_its_reason(tmp_path):
    scan = scan_of(
        tmp_path, {"a.jpg": jpeg(), "b.jpg": b"", "c.png": png()[:60], "d.jpg": b"<html>404</html>"}
    )
    finding = found(Unreadable(), scan)
    assert paths(finding) == ["b.jpg", "c.png", "d.jpg"]
    assert (finding.affected, finding.total, finding.severity) == (3, 4, Severity.ERROR)
    assert finding.details["kinds"] == {"empty": 1, "not-an-image": 1, "truncated": 1}
    assert finding.details["reasons"]["d.jpg"] == "not an image: an HTML page"


def test_one_in_many_is_a_warning(tmp_path):
    scan = scan_of(tmp_path, {**{f"{i:03d}.png": png(8, 8, i) for i in range(100)}, "x.png": b""})
    assert found(Unreadable(), scan).severity is Severity.WARNING
    assert found(Unreadable(error_share=0.005), scan).severity is Severity.ERROR


def test_all_well_is_a_pass(tmp_path):
    finding = found(Unreadable(), scan_of(tmp_path, {"a.jpg": jpeg()}))
    assert (finding.severity, finding.effect.value, finding.examples) == (Severity.PASS, 0, None)


def test_a_sample_states_what_it_could_have_missed(tmp_path):
    scan = sampled(scan_of(tmp_path, {f"{i:03d}.png": png(8, 8) for i in range(59)}), 59, 10_000)
    finding = found(Unreadable(), scan)
    assert finding.severity is Severity.UNDECIDED
    assert finding.total == 59
    assert finding.effect.low == 0
    # (1 - p)^59 = 0.05 gives p = 0.0495; without replacement a little less.
    assert finding.effect.high == pytest.approx(1 - 0.05 ** (1 / 59), rel=0.01)
    assert "at most 4.9" in finding.summary


def test_a_fault_in_a_sample_is_a_fault(tmp_path):
    scan = sampled(
        scan_of(tmp_path, {**{f"{i:02d}.png": png(8, 8) for i in range(9)}, "x.png": b""}), 10, 1000
    )
    finding = found(Unreadable(error_share=0.5), scan)
    assert finding.severity is Severity.WARNING
    assert finding.effect.low == pytest.approx(0.001)


def test_bytes_behind_the_picture_are_told(tmp_path):
    first, second = Unreadable()(
        scan_of(tmp_path, {"a.jpg": jpeg() + b"x" * 500, "b.png": png() + b"yy", "c.jpg": jpeg()})
    )
    assert first.severity is Severity.PASS
    assert (second.id, second.severity, paths(second)) == (
        "unreadable:trailing-bytes",
        Severity.INFO,
        ["a.jpg", "b.png"],
    )
    assert "502 bytes in all, at most 500" in second.summary


def test_damage_that_decoders_show_without_a_word(tmp_path):
    whole = jpeg(300, 300, quality=95)
    at = whole.index(b"\xff\xda") + 2000
    scan = scan_of(tmp_path, {"a.jpg": whole[: at + 300] + whole[at:], "b.jpg": whole})
    assert scan.images["status"].tolist() == ["ok", "ok"]
    _, second = Unreadable()(scan)
    assert (second.id, second.severity, paths(second)) == ("unreadable:damaged", Severity.WARNING, ["a.jpg"])


def test_a_class_that_is_read_first_says_nothing_about_the_rest(tmp_path):
    scan = sampled(scan_of(tmp_path, {f"{i:03d}.png": png(8, 8) for i in range(60)}), 60, 1000)
    balanced = found(Unreadable(), scan).effect.high
    scan.images.loc[:29, "label"] = "small"  # 30 of 30 were read, and 30 of the other 970
    scan.images.loc[30:, "label"] = "large"
    skewed = found(Unreadable(), Evidence(scan.images, scan.signatures)).effect.high
    assert skewed > 1.5 * balanced


PLANTS = {
    "unreadable": column(status="unreadable", defect="not-an-image", reason="not an image"),
}
