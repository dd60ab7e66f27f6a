"""Files whose content is of another format than their name says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values, say_share
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding
from auditor.reading import PICTURES, LeftOut

#: Extensions of each format, as Pillow names formats; "MPO" is a JPEG with more pictures behind it, and old
#: ".rgb" is SGI's.
EXTENSIONS = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif", "jif"),
    "MPO": ("jpg", "jpeg", "mpo"),
    "PNG": ("png", "apng"),
    "GIF": ("gif",),
    "BMP": ("bmp", "dib"),
    "DIB": ("bmp", "dib"),
    "TIFF": ("tif", "tiff"),
    "WEBP": ("webp",),
    "AVIF": ("avif", "avifs"),
    "JPEG2000": ("jp2", "j2k", "jpx", "jpf", "j2c", "jpc"),
    "PPM": ("ppm", "pgm", "pbm", "pnm", "pfm"),
    "ICO": ("ico",),
    "TGA": ("tga", "icb", "vda", "vst"),
    "QOI": ("qoi",),
    "SGI": ("sgi", "rgb", "rgba", "bw"),
}
#: Kinds of pictures that a sentence lists.
KINDS = 3
#: Only a name with one of these says anything about the format.
NAMED = frozenset(extension for extensions in EXTENSIONS.values() for extension in extensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongExtension(Check):
    """Files whose content is of another format than their name says.

    Parameters
    ----------
    warn_share : float
        Share of the files over which it is a warning: one is enough.
    """

    code = "wrong-extension"
    family = "Files"
    measured = (
        "The first bytes of the content are compared with the formats that the extension stands for. Graded "
        "is the share of files that differ."
    )
    limits = "It compares the name with the content; it does not ask whether a program would mind."
    words = Wording(
        found="Some file names claim another format",
        fine="File names match their format",
        why=(
            "Loaders that choose the decoder by the name (tf.io.decode_jpeg, many pipelines) refuse such "
            "files."
        ),
        fix="Rename them to what they are, or save them again in the format of the rest.",
    )
    left_out = Wording(
        found="Pictures or videos were left out",
        fine="No picture was left out",
        why="Loaders pass them over without a word, or stop at them, so the data is smaller than it looks.",
        fix=(
            "Give JPEG and PNG files the endings .jpg and .png; save other kinds as JPEG or PNG; move what "
            "is not "
            "meant out of the data."
        ),
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding, and one about pictures that were left out if there are any."""
        if left_out := [part for part in evidence.reading.left_out if part.what == PICTURES]:
            yield self._judge_left_out(evidence, left_out)
        files = list(zip(evidence.images["path"].tolist(), evidence.images["format"].tolist(), strict=True))
        wrong = np.array([_differs(path, found) for path, found in files], dtype=bool) & evidence.readable
        kinds = [
            f"{PurePosixPath(files[i][0]).suffix.lower()} that is {files[i][1]}"
            for i in np.flatnonzero(wrong)
        ]
        yield find_share(
            self, evidence, wrong, "share of files with a wrong extension",
            "is of another format than its name says", "are of another format than their names say",
            warn_share=self.warn_share, more=f"Kinds: {count_values(kinds)}.",
        )  # fmt: skip

    def _judge_left_out(self, evidence: Evidence, parts: list[LeftOut]) -> Finding:
        count = sum(part.count for part in parts)
        total = count + len(evidence.images)
        kinds = "; ".join(f"{part.count:,} {part.reason}" for part in parts[:KINDS])
        was = "a picture or video that was left out", "pictures or videos that were left out"
        summary = say_share(count, total, f"is {was[0]}", f"are {was[1]}", noun="files")
        return self.make_finding(
            f"{summary}, for their endings or formats: {kinds}. The first is {parts[0].examples[0]}.",
            Effect.counted(
                "share of pictures left out", count / total, warn_at=self.warn_share, unit="share"
            ),
            words=self.left_out,
            scope="left-out",
            affected=count,
            total=total,
            details={"kinds": {part.reason: part.count for part in parts}},
        )


def _differs(path: str, found: str) -> bool:
    extension = PurePosixPath(path).suffix.lower().removeprefix(".")
    return extension in NAMED and found in EXTENSIONS and extension not in EXTENSIONS[found]
