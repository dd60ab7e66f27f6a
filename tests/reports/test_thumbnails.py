import io
from dataclasses import replace

import numpy as np
import pandas as pd
from PIL import Image

from auditor.dataset import LocalFiles
from auditor.finding import Effect, Finding
from auditor.reports.thumbnails import LIMIT, make_thumbnails, wanted
from tests.reports.examples import images, record


def test_every_open_finding_gets_its_worst_rows_before_any_gets_many():
    made = record(4000)
    paths = made.images["path"]
    rows = pd.DataFrame({"path": paths[:1500], "score": 1.0})
    big = Finding(
        code="blurry", title="t", summary="s", effect=Effect.counted("share", 0.5, warn_at=0.1), examples=rows
    )
    small = Finding(
        code="dark",
        title="t",
        summary="s",
        effect=Effect.counted("share", 0.2, warn_at=0.1),
        examples=pd.DataFrame({"path": paths[2000:2002]}),
    )
    got = wanted(replace(made, findings=(big, small), split_findings=()))
    assert len(got) == len(set(got)) <= LIMIT
    assert set(paths[:10]) | set(paths[2000:2002]) <= set(got)
    assert got[:2] == [paths[0], paths[2000]]


def test_each_class_has_examples_and_unreadable_images_are_not_wanted():
    made = replace(record(), findings=(), split_findings=(), baseline=None, augmentation=None)
    got = set(wanted(made))
    assert set(made.images.loc[made.images["path"].isin(got), "label"]) == set(made.images["label"])
    assert made.images["path"].iloc[-1] not in got


def test_the_limit_holds_with_more_classes_than_pictures():
    table = images(4000)
    table["label"] = [f"class {i}" for i in range(len(table))]
    assert len(wanted(replace(record(), images=table))) <= LIMIT


def test_thumbnails_fit_the_side_and_bad_files_are_left_out(tmp_path):
    Image.new("RGB", (400, 200), (10, 200, 30)).save(tmp_path / "wide.jpg")
    Image.new("L", (8, 8), 128).save(tmp_path / "tiny.png")
    Image.fromarray(np.full((50, 60), 40000, dtype=np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    (tmp_path / "broken.jpg").write_bytes(b"not an image")
    names = ["wide.jpg", "tiny.png", "deep.png", "clear.png", "broken.jpg", "absent.jpg"]
    made = make_thumbnails(LocalFiles(str(tmp_path)), names)
    assert list(made) == names[:4]
    decoded = {
        name: np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        for name, data in made.items()
    }
    assert decoded["wide.jpg"].shape == (48, 96, 3)
    assert decoded["tiny.png"].shape == (96, 96, 3)
    assert abs(decoded["deep.png"].mean() - 40000 / 65535 * 255) < 3
    assert abs(decoded["clear.png"].mean() - 160) < 3


def test_a_rotated_photo_is_shown_upright(tmp_path):
    picture = Image.new("RGB", (100, 50), (255, 0, 0))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    (data,) = make_thumbnails(LocalFiles(str(tmp_path)), ["turned.jpg"]).values()
    assert Image.open(io.BytesIO(data)).size == (48, 96)
