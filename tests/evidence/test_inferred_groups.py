import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from auditor.evidence.inferred_groups import PAUSE, folder_key, infer_groups, name_key
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from auditor.scanning.mapped_signatures import Signatures
from tests.duplicates.test_sets import _scanned, _smooth_walk


def inferred(paths, labels=None, **columns):
    table = pd.DataFrame({"path": paths, "label": labels or "", "status": "ok", **columns})
    signatures = Signatures.zeros(len(paths))
    return {g.source: g.group.tolist() for g in infer_groups(table, signatures, np.arange(len(paths)))}


def test_numbered_crops_of_slides_are_groups_of_slides():
    paths = [f"train/a/slide_{s:03d}_{i:02d}.jpg" for s in range(12) for i in range(5)]
    assert inferred(paths)["file names"] == [f"slide_{s:03d}" for s in range(12) for _ in range(5)]


@pytest.mark.parametrize(
    "paths",
    [
        [f"{i:05d}.png" for i in range(100)],
        [f"IMG_{i:04d}.jpg" for i in range(100)],
        [f"{i:032x}.jpg" for i in range(100)],
        [f"cat_{i}.jpg" for i in range(50)] + [f"dog_{i}.jpg" for i in range(50)],
    ],
)
def test_plain_numbering_suggests_nothing(paths):
    assert inferred(paths) == {}


def test_names_that_only_repeat_the_class_suggest_nothing():
    paths = [f"{c}_{i}.jpg" for c in "abcdefghijkl" for i in range(8)]
    assert inferred(paths, labels=[p[0] for p in paths]) == {}


def test_folders_below_the_class_are_groups():
    paths = [f"train/{c}/film {f}/{i}.png" for c in "ab" for f in range(6) for i in range(4)]
    assert inferred(paths)["folders"] == [f"film {f}" for _ in "ab" for f in range(6) for _ in range(4)]


def test_exposures_of_one_camera_without_a_pause_are_a_session():
    start = pd.Timestamp("2026-03-01 10:00:00")
    times = [start + pd.Timedelta(seconds=s * 10 * PAUSE + i * PAUSE / 2) for s in range(6) for i in range(3)]
    exif = [t.strftime("%Y:%m:%d %H:%M:%S") for t in times]
    paths = [f"{i:x}z.jpg" for i in range(18)]
    sessions = inferred(paths, DateTimeOriginal=exif, Camera="A")["camera and time"]
    assert [sessions.index(s) // 3 for s in sessions] == [s for s in range(6) for _ in range(3)]
    assert "camera and time" not in inferred(paths, DateTimeOriginal=exif, Camera=[str(i) for i in range(18)])


def test_frames_of_films_are_runs():
    films = [_smooth_walk(8, 0.05, seed) for seed in range(8)]
    images, signatures = _scanned(np.concatenate(films))
    (found,) = (
        g for g in infer_groups(images, signatures, np.arange(64)) if g.source == "consecutive frames"
    )
    assert len(set(found.group)) == 8
    assert all(len(set(found.group[8 * i : 8 * i + 8])) == 1 for i in range(8))


def test_where_all_pictures_look_alike_there_are_no_films():
    base = _smooth_walk(1, 0.05, 0)[0].astype(float)
    frames = np.clip(base + np.random.default_rng(0).normal(0, 4, (60, 32, 32)), 0, 255).astype(np.uint8)
    images, signatures = _scanned(frames)
    assert infer_groups(images, signatures, np.arange(60)) == ()


@given(st.text(max_size=30))
def test_any_name_has_keys(path):
    assert isinstance(name_key(path), str)
    assert isinstance(folder_key(path), str)


def test_sessions_are_inferred_from_the_exif_of_files(tmp_path):
    """Six sessions of two cameras, told by nothing but what the cameras wrote."""
    start = pd.Timestamp("2026-03-01 10:00:00")
    for s in range(6):
        for i in range(4):
            exif = Image.Exif()
            exif[0x010F], exif[0x0110] = "Make", f"Model {s % 2}"
            exif[0x0132] = (start + pd.Timedelta(seconds=s // 2 * 100 * PAUSE + i * PAUSE / 3)).strftime(
                "%Y:%m:%d %H:%M:%S"
            )
            file = tmp_path / "ab"[i % 2] / f"{(s * 7919 + i * 104729) % 99991:x}q.jpg"
            file.parent.mkdir(exist_ok=True)
            Image.fromarray(np.random.default_rng([s, i]).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(
                file, exif=exif
            )
    scanned = scan_images(open_dataset(tmp_path))
    (found,) = (
        g
        for g in infer_groups(scanned.images, scanned.signatures, np.arange(24))
        if g.source == "camera and time"
    )
    told = pd.DataFrame(
        {
            "session": found.group,
            "camera": scanned.images["exif_camera"],
            "time": scanned.images["exif_time"].str[:13],
        }
    )
    assert len(told.drop_duplicates()) == told["session"].nunique() == 6
