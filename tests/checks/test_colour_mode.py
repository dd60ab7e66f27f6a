"""Colour modes that differ, that libraries do not agree on, and drawings in the alpha channel."""

from PIL import Image

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


def transparent(colour, box):
    """A picture of one colour, in whose alpha channel there is a rectangle."""
    alpha = Image.new("L", (32, 32), 0)
    alpha.paste(255, box)
    image = Image.new("RGB" if isinstance(colour, tuple) else "L", (32, 32), colour)
    image.putalpha(alpha)
    return encoded(image, "PNG")


def test_drawings_in_the_alpha_channel_are_named(tmp_path):
    files = {f"plain{i}.png": png(32, 32, i) for i in range(3)}
    drawn = {
        "black.png": transparent((0, 0, 0), (4, 4, 20, 20)),
        "red.png": transparent((200, 0, 0), (8, 4, 20, 20)),
        "grey.png": transparent(90, (4, 4, 9, 20)),
    }
    clear = png(32, 32, 5, mode="RGBA")
    findings = list(ColourMode()(scan_of(tmp_path, {**files, **drawn, "clear.png": clear})))
    (finding,) = [f for f in findings if f.id == "colour-mode:transparency"]
    assert finding.severity == "warning" and set(paths(finding)) == set(drawn)
    plain = [f.id for f in ColourMode()(scan_of(tmp_path / "plain", {**files, "clear.png": clear}))]
    assert "colour-mode:transparency" not in plain


PLANTS = {
    "colour-mode": column(mode="CMYK"),
}
