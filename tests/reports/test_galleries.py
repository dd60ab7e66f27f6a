"""What galleries show: made-up evidence whose groups are known by construction."""

from dataclasses import replace

import pandas as pd

from auditor.finding import Effect, Finding
from auditor.reports.sections.galleries import galleries
from auditor.reports.sections.pictures import Pictures
from auditor.reports.thumbnails import ROWS, SETTLED, wanted
from tests.reports.examples import record


def _finding(code: str, evidence: pd.DataFrame, value: float = 0.3, scope: str = "") -> Finding:
    effect = Effect.counted("share", value, warn_at=0.1, unit="share")
    return Finding(
        code=code, scope=scope, title=f"About {code}", summary="s", effect=effect, examples=evidence
    )


def _made(*findings: Finding, **changes):
    made = replace(record(), findings=findings, split_findings=(), **changes)
    return made, {g.anchor: g for g in galleries(made, Pictures(made))}


def test_suspects_stand_by_what_they_are_labelled_and_look_like():
    paths = record().images["path"].tolist()
    examples = pd.DataFrame(
        {
            "path": paths[:5],
            "label": list("aabaa"),
            "suggested_label": list("bcacc"),
            "score": [0.9, 0.8, 0.7, 0.6, 0.5],
        }
    )
    _, found = _made(_finding("label-error", examples))
    groups = found["suspects"].groups
    assert [(g.title, g.suggested) for g in groups] == [
        ("labelled a, looks like c", "c"),
        ("labelled a, looks like b", "b"),
        ("labelled b, looks like a", "a"),
    ]
    assert [s.picture.path for s in groups[0].lines[0].pictures] == [paths[1], paths[3], paths[4]]
    assert [s.remark for s in groups[0].lines[0].pictures] == ["0.8", "0.6", "0.5"]


def test_suspects_beyond_those_with_pictures_are_counted():
    table = record(90).images
    examples = pd.DataFrame({"path": table["path"][:80], "label": "a", "suggested_label": "b", "score": 1.0})
    made = replace(record(90), findings=(_finding("label-error", examples),))
    (suspects, *_) = galleries(made, Pictures(made))
    assert len(suspects) == ROWS
    assert suspects.left_out == f"{80 - ROWS} further suspects in findings.csv."


def test_differing_images_have_a_line_for_each_split_worst_findings_first():
    paths = record().images["path"].tolist()
    examples = pd.DataFrame(
        {
            "path": paths[:3] + paths[50:52],
            "split": ["train"] * 3 + ["test"] * 2,
            "other_split": "x",
            "score": 1.0,
        }
    )
    _, found = _made(
        _finding("content-shift", examples, scope="train-test"),
        replace(
            _finding("property-shift", examples[:1]),
            effect=Effect.counted("d", 1.0, warn_at=0.1, error_at=0.2),
        ),
    )
    groups = found["differing"].groups
    assert [g.title for g in groups] == ["About property-shift", "About content-shift"]
    assert [(line.name, len(line.pictures)) for line in groups[1].lines] == [
        ("from test", 2),
        ("from train", 3),
    ]


def test_outliers_are_shown_where_they_pass_too_and_get_their_pictures():
    paths = record().images["path"].tolist()
    few = _finding("outlier", pd.DataFrame({"path": paths[-12:-1], "score": 2.05}), value=0.01)
    made, found = _made(few, baseline=None, augmentation=None)
    assert [s.remark for s in found["outliers"].groups[0].lines[0].pictures] == ["distance 2.05"] * SETTLED
    assert set(paths[-12 : -12 + SETTLED]) <= set(wanted(made))


def test_passing_suspects_and_shifts_make_no_gallery():
    paths = record().images["path"].tolist()
    examples = pd.DataFrame({"path": paths[:2], "suggested_label": "b", "split": "train", "score": 1.0})
    _, found = _made(
        _finding("label-error", examples, value=0.0),
        _finding("content-shift", examples, value=0.0),
        baseline=None,
    )
    assert found == {}


def test_mistakes_say_what_was_said_and_whether_the_label_is_suspected():
    made = record()
    first, second = made.images["path"][:2]
    scores = {
        "val": {
            "mistakes": [
                {"path": p, "label": "a", "predicted": "b", "confidence": 0.98} for p in (first, second)
            ]
        }
    }
    suspect = _finding(
        "label-error", pd.DataFrame({"path": [second], "label": "a", "suggested_label": "b", "score": 1.0})
    )
    _, found = _made(suspect, baseline={"scores": scores})
    (group,) = found["mistakes"].groups
    assert [s.remark for s in group.lines[0].pictures] == [
        "said b, 98 % sure",
        "said b, 98 % sure; also a label suspect",
    ]


def test_what_a_reviewer_decided_is_not_shown_again():
    made = record()
    table = made.images.assign(auditor_decision="")
    table.loc[0, "auditor_decision"] = "keep"
    examples = pd.DataFrame({"path": table["path"][:2], "label": "a", "suggested_label": "b", "score": 1.0})
    _, found = _made(_finding("label-error", examples), images=table, baseline=None)
    assert [s.picture.path for g in found["suspects"].groups for s in g.lines[0].pictures] == [
        table["path"][1]
    ]


def test_the_random_sample_is_shown_before_the_suspects_and_without_a_suggestion():
    base = record(90)
    readable = base.images.loc[base.images["status"] == "ok", "path"].tolist()
    asked, suspect = readable[40:43], readable[5]
    examples = pd.DataFrame({"path": [suspect], "label": "a", "suggested_label": "b", "score": 1.0})
    finding = replace(_finding("label-error", examples), details={"review": {"images": asked}})
    made, found = _made(finding, images=base.images, baseline=None)
    assert list(found)[:2] == ["review", "suspects"]
    (group,) = found["review"].groups
    assert [s.picture.path for line in group.lines for s in line.pictures] == asked
    assert group.suggested == ""
    assert set(asked) <= set(wanted(made))
