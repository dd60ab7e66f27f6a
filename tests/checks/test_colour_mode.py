from auditor.checks.colour_mode import ColourMode
from auditor.finding import Severity
from tests.checks.files import paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import encoded, jpeg, picture, png


def test_grey_among_colour(tmp_path):
    files = {f"{i}.png": png(seed=i) for i in range(8)} | {
        "grey.png": png(mode="L"),
        "deep.png": png(mode="I;16"),
    }
    mixed, ambiguous = ColourMode()(scan_of(tmp_path, files))
    assert sorted(paths(mixed)) == ["deep.png", "grey.png"]
    assert mixed.severity is Severity.WARNING
    assert mixed.details["modes"] == {"colour": 8, "grey": 2}
    assert ambiguous.severity is Severity.PASS


def test_what_libraries_do_not_agree_on(tmp_path):
    palette = picture("P")
    files = {f"{i}.jpg": jpeg(seed=i) for i in range(300)}
    files |= {
        "cmyk.jpg": encoded(picture("CMYK"), "JPEG"),
        "clear.png": png(mode="RGBA"),
        "hole.png": encoded(palette, "PNG", transparency=3),
    }
    mixed, ambiguous = ColourMode()(scan_of(tmp_path, files))
    assert mixed.severity is Severity.PASS
    assert sorted(paths(ambiguous)) == ["clear.png", "cmyk.jpg", "hole.png"]
    assert ambiguous.severity is Severity.WARNING
    assert ambiguous.id == "colour-mode:ambiguous"


def test_one_mode_is_a_pass(tmp_path):
    assert {
        f.severity
        for f in ColourMode()(
            scan_of(tmp_path, {"a.png": png(mode="L"), "b.jpg": encoded(picture("L"), "JPEG")})
        )
    } == {Severity.PASS}


PLANTS = {
    "colour-mode": column(mode="CMYK"),
}
