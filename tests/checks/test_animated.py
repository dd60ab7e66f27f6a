from auditor.checks.animated import Animated
from auditor.finding import Severity
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import encoded, picture


def test_names_files_of_several_pictures(tmp_path):
    frames = [picture("P", seed=s) for s in range(3)]
    files = {
        f"moving.{f.lower()}": encoded(frames[0], f, save_all=True, append_images=frames[1:])
        for f in ("GIF", "WEBP", "PNG", "TIFF")
    }
    files |= {f"still.{f.lower()}": encoded(frames[0], f) for f in ("GIF", "WEBP", "PNG", "TIFF")}
    finding = found(Animated(), scan_of(tmp_path, files))
    assert sorted(paths(finding)) == ["moving.gif", "moving.png", "moving.tiff", "moving.webp"]
    assert finding.severity is Severity.WARNING


def test_a_phones_jpeg_with_a_second_picture_is_not_animated(tmp_path):
    phone = encoded(picture(), "MPO", save_all=True, append_images=[picture(seed=1)])
    scan = scan_of(tmp_path, {"a.jpg": phone})
    assert scan.images["format"].tolist() == ["MPO"]
    assert scan.images["trailing"].tolist() == [0]
    first, second = Animated()(scan)
    assert first.severity is Severity.PASS
    assert (second.id, second.severity, paths(second)) == ("animated:multi-picture", Severity.INFO, ["a.jpg"])


PLANTS = {
    "animated": column(animated=True),
}
