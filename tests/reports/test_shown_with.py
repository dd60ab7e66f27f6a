"""Each picture is shown once: pairs with the first finding that names them, others refer to it."""

from dataclasses import replace

import pandas as pd

from auditor.finding import Effect, Finding
from auditor.reports.page import build_page
from tests.reports.examples import record

PATHS = record().images["path"].tolist()


def _pairs(code: str, *pairs: tuple[int, int], scope: str = "") -> Finding:
    examples = pd.DataFrame(
        {"path": [PATHS[a] for a, _ in pairs], "other_path": [PATHS[b] for _, b in pairs], "score": 1.0}
    )
    effect = Effect.counted("share", 0.3, warn_at=0.1, unit="share")
    return Finding(code=code, scope=scope, title=code, summary="s", effect=effect, examples=examples)


def _shown(*findings: Finding):
    page = build_page(replace(record(), findings=findings, baseline=None, augmentation=None))
    return {f.id: f for f in page.findings}


def test_a_pair_that_two_checks_name_is_shown_with_the_first_alone():
    found = _shown(_pairs("exact-duplicate", (0, 40)), _pairs("split-leak", (40, 0), scope="train-val"))
    leak, copy = found["split-leak:train-val"].shown_with, found["exact-duplicate"].shown_with
    assert [{p.path for p in s.members} for s in leak.sets] == [{PATHS[0], PATHS[40]}]
    assert copy.sets == () and copy.elsewhere == "finding-split-leak:train-val"
    assert found["exact-duplicate"].examples == ()


def test_images_that_only_belong_together_join_no_duplicate_set():
    found = _shown(
        _pairs("split-leak", (0, 40), (1, 41), scope="train-val"), _pairs("group-leak", (0, 41), (1, 40))
    )
    sets = found["split-leak:train-val"].shown_with.sets
    assert [{p.path for p in s.members} for s in sets] == [{PATHS[0], PATHS[40]}, {PATHS[1], PATHS[41]}]
    assert found["group-leak"].shown_with is None
    assert len(found["group-leak"].examples) == 2


def test_a_group_whose_pairs_are_all_copies_refers_to_them():
    found = _shown(_pairs("split-leak", (0, 40), scope="train-val"), _pairs("group-leak", (0, 40)))
    assert found["group-leak"].shown_with.elsewhere == "finding-split-leak:train-val"


def test_pairs_that_have_no_room_are_counted():
    pairs = [(i, 30 + i) for i in range(26)]
    found = _shown(_pairs("exact-duplicate", *pairs))
    shown = found["exact-duplicate"].shown_with
    assert len(shown.sets) == 18 and shown.left_out == "8 more pairs in findings.csv"


def test_suspects_stand_with_their_finding_and_in_no_section_of_their_own():
    page = build_page(record())
    labels = next(f for f in page.findings if f.code == "label-error")
    assert {g.suggested for g in labels.shown_with.groups} == {"WBC"}
    assert "suspects" not in {g.anchor for g in page.galleries}
