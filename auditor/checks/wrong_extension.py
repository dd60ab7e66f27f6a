"""Files whose content is of another format than their name says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

import numpy as np

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix

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


def _differs(path: str, found: str) -> bool:
    extension = PurePosixPath(path).suffix.lower().removeprefix(".")
    return extension in NAMED and found in EXTENSIONS and extension not in EXTENSIONS[found]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongExtension:
    """Files whose content is of another format than their name says."""

    code: ClassVar[str] = "wrong-extension"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file is enough to warn.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        paths = evidence.images["path"].tolist()
        formats = evidence.images["format"].tolist()
        wrong = (
            np.array([_differs(path, found) for path, found in zip(paths, formats, strict=True)], dtype=bool)
            & evidence.readable
        )
        pairs = [
            f"{PurePosixPath(p).suffix.lower()} that is {f}"
            for p, f, w in zip(paths, formats, wrong, strict=True)
            if w
        ]
        words = Wording(
            title="Some files are not of the format that their name says",
            fine="Every file is of the format that its name says",
            has="hold another format than their extension says",
            more=f"Found: {counted(pairs)}.",
            why="Loaders that choose the decoder by the name (tf.io.decode_jpeg, many pipelines) refuse such files.",
            fix=Fix(text="Rename them to what they are, or save them again in the format of the rest."),
        )
        yield file_finding(
            evidence,
            self.code,
            wrong,
            words,
            effect="share of files with a wrong extension",
            warn_share=self.warn_share,
        )
