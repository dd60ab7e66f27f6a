import numpy as np
import pytest
from PIL import Image

from auditor.checks.shortcut import Shortcut
from auditor.finding import Severity
from tests.checks.plants import base, some
from tests.checks.shapes import KINDS, shape
from tests.checks.splits import scan
from tests.evidence.scenes import encoded, scan_of


def made(counts, change=lambda kind, pixels: pixels, save=lambda kind: ("BMP", {})):
    """A scan of shapes, changed and saved by class.

    Uncompressed, so that the size of a file says nothing of the shape in it.
    """
    random, files = np.random.default_rng(8), {}
    for n, (kind, count) in enumerate(sorted(counts.items())):
        for i in range(count):
            form, options = save(kind)
            pixels = np.clip(change(kind, shape(kind, 10_000 * n + i).astype(float)), 0, 255).astype(np.uint8)
            files[f"train/{kind}/{random.integers(2**40):010x}.{form.lower()}"] = encoded(
                pixels, form, **options
            )
    return scan_of(files)


def found(scan):
    return {f.scope: f for f in Shortcut()(scan)}


def test_shapes_of_one_light_and_format_pass():
    findings = found(made(dict.fromkeys(KINDS, 50)))
    assert {scope: f.severity for scope, f in findings.items()} == {
        "file": Severity.PASS,
        "picture": Severity.PASS,
    }


@pytest.mark.parametrize("counts", [{"disc": 140, "ring": 60}, {"disc": 380, "ring": 20}])
def test_a_dominant_class_does_not_by_itself_raise_an_alarm(counts):
    assert all(f.severity is not Severity.WARNING for f in found(made(counts)).values())


def test_a_brightened_class_is_found_and_named():
    findings = found(
        made({"disc": 60, "ring": 60, "cross": 60}, change=lambda kind, x: x + 80 * (kind == "ring"))
    )
    picture = findings["picture"]
    assert picture.severity is Severity.WARNING
    assert picture.classes == ("ring",)
    assert picture.summary.startswith(("By mean colour alone", "By border pixels alone"))


def test_a_class_of_another_format_is_found():
    findings = found(
        made(
            {"disc": 60, "ring": 60},
            save=lambda kind: ("JPEG", {"quality": 95}) if kind == "disc" else ("PNG", {}),
        )
    )
    assert findings["file"].severity is Severity.WARNING


def test_a_class_of_another_size_is_found():
    findings = found(
        made(
            {"disc": 60, "ring": 60},
            change=lambda kind, x: x.repeat(2, 0).repeat(2, 1) if kind == "disc" else x,
        )
    )
    assert findings["file"].severity is Severity.WARNING
    assert findings["file"].effect.value > 0.9


def test_numbers_in_names_are_told_but_not_graded():
    random, files = np.random.default_rng(1), {}
    for n, kind in enumerate(("disc", "ring")):
        for i in range(60):
            files[f"train/{kind}/IMG_{100 * n + i:04d}.bmp"] = encoded(
                shape(kind, int(random.integers(10**6))), "BMP"
            )
    finding = found(scan_of(files))["file"]
    numbered = next(p for p in finding.details["predictors"] if p["name"] == "number in the name")
    assert numbered["above_chance"] > 0.9
    assert not numbered["graded"]
    assert finding.severity is Severity.PASS


def test_a_quality_or_a_camera_that_one_class_has_is_found_and_named():
    """JPEGs of one class were saved at another quality, or taken with another camera.

    Pictures and sizes of files say less.
    """
    camera = Image.Exif()
    camera[0x010F], camera[0x0110] = "Make", "Model"
    saves = {
        "JPEG quality": lambda kind: ("JPEG", {"quality": 88 if kind == "ring" else 92}),
        "camera": lambda kind: ("JPEG", {"quality": 90} | ({"exif": camera} if kind == "ring" else {})),
    }
    for name, save in saves.items():
        (file,) = (
            f for scope, f in found(made(dict.fromkeys(KINDS, 40), save=save)).items() if scope == "file"
        )
        by_name = {p["name"]: p for p in file.details["predictors"]}
        assert by_name[name]["class"] == "ring" and by_name[name]["above_chance"] == pytest.approx(1.0)
        assert file.severity is Severity.WARNING and file.classes == ("ring",)


def plant_shortcut(strength, seed):
    images = base(seed)
    images.loc[some(images, strength, seed, images["label"] == "dog"), "bytes"] = 20_000
    return scan(images, seed=seed)


PLANTS = {
    "shortcut": plant_shortcut,
}
