import base64
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from auditor.finding import Effect, Finding, Waiver
from auditor.reports.changes import compare_images
from auditor.reports.compare import compare_findings, compare_records, mean_interval
from auditor.reports.compare_views import (
    build_compare_page,
    compare_to_json,
    render_compare_html,
    render_compare_markdown,
    write_comparison,
)
from tests.reports.examples import record


def table(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["path", "label", "split", "sha256", "pixel_digest"])


def finding(
    value: float,
    *,
    low: float | None = None,
    high: float | None = None,
    scope: str = "",
    code: str = "x",
    waived: bool = False,
) -> Finding:
    effect = Effect(
        name="e",
        value=value,
        low=value if low is None else low,
        high=value if high is None else high,
        warn_at=0.1,
        error_at=0.5,
    )
    return Finding(
        code=code,
        scope=scope,
        title="t",
        summary="s",
        effect=effect,
        waiver=Waiver(reason="r", owner="o", expires="2030-01-01") if waived else None,
    )


def test_each_kind_of_change_is_told():
    old = table(
        ("same", "a", "train", "1", "p1"),
        ("label", "a", "train", "2", "p2"),
        ("split", "a", "train", "3", "p3"),
        ("recoded", "a", "train", "4", "p4"),
        ("altered", "a", "train", "5", "p5"),
        ("gone", "a", "train", "6", "p6"),
        ("train/folder", "a", "train", "7", "p7"),
        ("old name", "a", "train", "8", "p8"),
    )
    new = table(
        ("same", "a", "train", "1", "p1"),
        ("label", "b", "train", "2", "p2"),
        ("split", "a", "test", "3", "p3"),
        ("recoded", "a", "train", "4b", "p4"),
        ("altered", "a", "train", "5b", "p5b"),
        ("come", "a", "train", "9", "p9"),
        ("test/folder", "a", "test", "7", "p7"),
        ("new name", "a", "train", "8", "p8"),
    )
    changes = compare_images(old, new)
    assert changes.counts == {
        "removed": 1,
        "added": 1,
        "relabelled": 1,
        "moved": 2,
        "altered": 1,
        "re-encoded": 1,
        "renamed": 1,
    }
    assert changes.unchanged == 1
    assert changes.table.loc[changes.table["change"] == "moved", "path"].tolist() == ["split", "train/folder"]
    assert changes.table.loc[
        changes.table["change"] == "renamed", ["path", "other_path"]
    ].to_numpy().tolist() == [["old name", "new name"]]


def test_a_recoded_and_renamed_image_is_found_by_its_pixels():
    changes = compare_images(table(("a", "x", "", "1", "p")), table(("b", "x", "", "2", "p")))
    assert changes.counts == {
        "removed": 0,
        "added": 0,
        "relabelled": 0,
        "moved": 0,
        "altered": 0,
        "re-encoded": 1,
        "renamed": 1,
    }


def test_another_root_is_no_new_name():
    changes = compare_images(
        table(("hat/a.png", "x", "", "1", "p")), table(("/data/hat/a.png", "x", "", "1", "p"))
    )
    assert changes.unchanged == 1 and not any(changes.counts.values())


def test_unreadable_images_are_matched_by_path_alone():
    changes = compare_images(
        table(("a", "x", "", "", ""), ("b", "x", "", "", "")),
        table(("a", "x", "", "", ""), ("c", "x", "", "", "")),
    )
    assert (changes.counts["removed"], changes.counts["added"], changes.unchanged) == (1, 1, 1)


row = st.tuples(
    st.sampled_from("abcdefgh"),
    st.sampled_from("xy"),
    st.sampled_from(["train", "test"]),
    st.sampled_from("12345"),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(row, unique_by=lambda r: r[0]), st.lists(row, unique_by=lambda r: r[0]))
def test_every_image_is_accounted_for_on_both_sides(left, right):
    old, new = (table(*[(p, c, s, d, f"p{d}") for p, c, s, d in side]) for side in (left, right))
    changes = compare_images(old, new)
    gone, come = changes.counts["removed"], changes.counts["added"]
    assert len(old) - gone == len(new) - come
    assert changes.unchanged == len(
        {(p, c, s, d) for p, c, s, d in left} & {(p, c, s, d) for p, c, s, d in right}
    )
    back = compare_images(new, old)
    assert (back.counts["removed"], back.counts["added"], back.unchanged) == (come, gone, changes.unchanged)


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        (None, finding(0.2), "newly checked"),
        (Finding(code="x", title="t", summary="s"), finding(0.2), "newly checked"),
        (finding(0.05), finding(0.2), "new"),
        (finding(0.2), finding(0.05), "resolved"),
        (finding(0.2), finding(0.6), "worse"),
        (finding(0.6), finding(0.2), "better"),
        (finding(0.2), finding(0.21), "worse"),
        (finding(0.2), finding(0.2), "unchanged"),
        (finding(0.2, low=0.15, high=0.3), finding(0.25, low=0.2, high=0.35), "unchanged"),
        (finding(0.2, low=0.15, high=0.25), finding(0.35, low=0.3, high=0.4), "worse"),
        (finding(0.2), finding(0.2, waived=True), "resolved"),
        (finding(0.2), Finding(code="x", title="t", summary="s"), "not checked any more"),
        (finding(0.2), None, "not checked any more"),
        (finding(0.05), finding(0.05), ""),
    ],
)
def test_what_became_of_a_finding(old, new, outcome):
    changes = compare_findings([f for f in [old] if f], [f for f in [new] if f])
    assert [c.outcome for c in changes] == ([outcome] if outcome else [])


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ((10, 1000, 0.005), (10, 990, 0.005), "unchanged"),  # a share of a smaller whole
        ((10, 1000, 0.01005), (10, 990, 0.01005), "unchanged"),  # which passes a threshold
        ((10, 1000, 0.005), (11, 1000, 0.005), "worse"),
        ((10, 1000, 0.0105), (11, 1000, 0.0105), "new"),
        ((10, 1000, 0.005), (9, 850, 0.005), "unchanged"),
        ((10, 1000, 0.005), (9, 1000, 0.005), "better"),
    ],
)
def test_a_counted_share_is_worse_where_more_images_have_the_fault(old, new, outcome):
    def share(affected, total, warn_at):
        effect = Effect.counted("share", affected / total, warn_at=warn_at, unit="share")
        return Finding(code="x", title="t", summary="s", effect=effect, affected=affected, total=total)

    (change,) = compare_findings([share(*old)], [share(*new)])
    assert change.outcome == outcome


def test_a_scope_that_is_gone_is_resolved_where_the_check_was_made():
    changes = compare_findings([finding(0.2, scope="a-b")], [finding(0.01, scope="c-d")])
    assert [(c.id, c.outcome) for c in changes] == [("x:a-b", "resolved")]


def test_the_same_audit_did_not_get_worse():
    comparison = compare_records(record(), record())
    assert comparison.same_data and not comparison.got_worse
    assert not any(comparison.images.counts.values())
    assert all(m.distance[0] < 1e-12 and m.before == m.after for m in comparison.measures)
    assert {c.outcome for c in comparison.findings} == {"unchanged"}


def test_means_have_the_textbook_interval():
    made = record()
    made = replace(made, images=made.images.assign(group=""))
    values = made.images["brightness"].dropna().to_numpy()
    (change,) = [m for m in compare_records(made, made).measures if m.name == "brightness"]
    half = (
        1.959964 * np.sqrt(((values - values.mean()) ** 2).sum() / (len(values) - 1)) / np.sqrt(len(values))
    )
    assert change.before == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))


def test_images_of_one_group_count_as_what_the_group_is_worth():
    """Groups of eight equal images.

    The interval is that of the groups' values, with Student's quantile (scipy) and no more.
    """
    rng = np.random.default_rng(0)
    each = rng.normal(size=12)
    middle, low, high = mean_interval(np.repeat(each, 8), np.repeat(np.arange(12), 8))
    assert (low, high) == pytest.approx(
        stats.t.interval(0.95, 11, each.mean(), each.std(ddof=1) / np.sqrt(12))
    )
    assert middle == pytest.approx(each.mean())
    assert mean_interval(each, np.arange(12))[2] == pytest.approx(high)  # a group of one image is an image


def test_a_mean_over_groups_is_covered_as_often_as_promised():
    hits = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(1, 12, 30)
        values = np.repeat(rng.normal(size=30), sizes) + rng.normal(size=sizes.sum())
        _, low, high = mean_interval(values, np.repeat(np.arange(30), sizes))
        hits += low <= 0 <= high
    assert 0.90 <= hits / 400 <= 0.98  # 95 %, and three standard errors


def test_groups_widen_the_distance_between_two_versions():
    made = record()
    grouped = made.images.assign(
        group=[str(i // 6) for i in range(len(made.images))],
        brightness=[i // 6 / 10 for i in range(len(made.images))],
    )
    apart = {}
    for name, images in (("alone", grouped.assign(group="")), ("grouped", grouped)):
        one = replace(made, images=images)
        (change,) = [m for m in compare_records(one, one).measures if m.name == "brightness"]
        apart[name] = change.distance[2]
    assert apart["grouped"] > 1.5 * apart["alone"]


def test_removed_and_altered_images_are_seen():
    old = record()
    gone, other = (p for p in list(old.thumbnails)[:2])
    images = old.images[old.images["path"] != gone].reset_index(drop=True)
    at = images["path"] == other
    images.loc[at, ["sha256", "pixel_digest"]] = "another"
    new = replace(
        old, images=images, thumbnails={k: v + b"x" for k, v in old.thumbnails.items() if k != gone}
    )
    page = build_compare_page(compare_records(old, new))
    shown = {kind: [[p.thumb for p in i.pictures] for i in pictures] for kind, _, pictures in page.images}
    embedded = dict(page.thumbnails)
    ((removed,),) = shown["removed"]
    assert base64.b64decode(embedded[removed]) == old.thumbnails[gone]
    ((before, after),) = shown["altered"]
    assert [base64.b64decode(embedded[k]) for k in (before, after)] == [
        old.thumbnails[other],
        new.thumbnails[other],
    ]


def test_the_page_the_comment_and_the_json_tell_the_same(tmp_path):
    old = record()
    images = old.images.copy()
    images.loc[0, "label"] = "WBC"
    images = images.drop(index=5).reset_index(drop=True)
    new = replace(
        old, images=images, findings=old.findings[1:], dataset=replace(old.dataset, fingerprint="other")
    )
    comparison = compare_records(old, new)
    assert comparison.got_worse and not comparison.same_data
    page, comment, data = (
        render_compare_html(comparison),
        render_compare_markdown(comparison),
        compare_to_json(comparison),
    )
    assert "Something got worse" in page and "Something got worse" in comment and data["got_worse"] is True
    assert data["images"]["counts"]["removed"] == 1 and data["images"]["counts"]["relabelled"] == 1
    assert "<script>alert" not in page and "default-src 'none'" in page
    assert json.loads(write_comparison(comparison, tmp_path / "x.json").read_text()) == data
