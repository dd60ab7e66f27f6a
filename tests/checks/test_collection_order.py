import numpy as np
import pytest

from auditor.checks.collection_order import CollectionOrder, find_consecutive, path_key
from auditor.evidence import Evidence
from auditor.finding import Severity
from tests.checks.plants import base, described, draw_descriptor
from tests.checks.shapes import shape
from tests.evidence.scenes import encoded, scan_of


def numbered(order, count=200):
    """Shapes taken in sessions of ten, each darker or lighter than the last, numbered in some order."""
    light = np.repeat([-50, 50] * (count // 20), 10)
    files = {}
    for number, i in enumerate(order):
        pixels = np.clip(shape("disc", int(i)).astype(float) + light[i], 0, 255).astype(np.uint8)
        files[f"train/disc/{number}.png"] = encoded(pixels)
    return scan_of(files)


def test_sessions_of_other_light_are_found_and_named():
    (finding,) = CollectionOrder()(numbered(np.arange(200)))
    assert finding.severity is Severity.WARNING
    assert finding.effect.name.startswith("serial correlation of ")
    assert finding.details["serial_correlation"] > 0.6


def test_the_same_pictures_in_random_order_pass():
    (finding,) = CollectionOrder()(numbered(np.random.default_rng(0).permutation(200)))
    assert finding.severity in (Severity.PASS, Severity.UNDECIDED)
    assert finding.effect.low < 0.05


def test_pairs_of_one_group_are_left_out():
    scan = numbered(np.arange(60), 60)
    first, second = find_consecutive(scan)
    assert len(first) == 59 - (scan.groups[first] == scan.groups[second]).sum()
    paths = scan.images["path"].to_numpy()
    assert all(
        int(paths[b].split("/")[2][:-4]) - int(paths[a].split("/")[2][:-4]) == 1
        for a, b in zip(first, second, strict=True)
    )
    session = Evidence(scan.images.assign(group="one session"), scan.signatures)
    assert len(find_consecutive(session)[0]) == 0


@pytest.mark.parametrize(
    ("earlier", "later"), [("a/2.png", "a/10.png"), ("a/x9y1.png", "a/x10y0.png"), ("a/z.png", "b/a.png")]
)
def test_names_sort_as_people_count(earlier, later):
    assert path_key(earlier) < path_key(later)


def plant_order(strength, seed):
    """Pictures that come in bursts of five that look alike."""
    images = base(seed).sort_values(["split", "label", "path"], ignore_index=True)
    images["path"] = [
        f"{s}/{c}/{i:05d}.png" for i, (s, c) in enumerate(zip(images["split"], images["label"], strict=True))
    ]
    images = images.sort_values("path", ignore_index=True)
    burst = np.repeat(np.random.default_rng([seed, 6]).normal(size=(len(images) // 5, 16)), 5, axis=0)
    return described(images, draw_descriptor(images, seed) + 1.5 * strength * burst, seed)


PLANTS = {
    "collection-order": plant_order,
}
