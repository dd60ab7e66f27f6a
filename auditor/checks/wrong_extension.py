"""Files whose content is of another format than their name says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding

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

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
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


def _differs(path: str, found: str) -> bool:
    extension = PurePosixPath(path).suffix.lower().removeprefix(".")
    return extension in NAMED and found in EXTENSIONS and extension not in EXTENSIONS[found]
