"""Files whose content is of another format than their name says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

import numpy as np

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix
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
        """Yield a finding; and, where there are any, one about pictures that were left out."""
        if left_out := [part for part in evidence.reading.left_out if part.what == PICTURES]:
            yield self._left_out(evidence, left_out)
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

    def _left_out(self, evidence: Evidence, parts: list[LeftOut]) -> Finding:
        count = sum(part.count for part in parts)
        total = count + len(evidence.images)
        kinds = "; ".join(f"{part.count:,} {part.reason}" for part in parts[:KINDS])
        return Finding(
            code=self.code,
            scope="left-out",
            title="Pictures or videos were left out",
            summary=(
                f"{count:,} of {total:,} files are pictures or videos that were left out, for their endings or their formats:"
                f" {kinds}. The first is {parts[0].examples[0]}."
            ),
            why="Loaders pass them over without a word, or stop at them: the data is smaller than it looks, often by the photos of one phone.",
            affected=count,
            total=total,
            effect=Effect.counted(
                "share of pictures left out", count / total, warn_at=self.warn_share, unit="share"
            ),
            fix=Fix(
                text="Give JPEG and PNG files the endings .jpg and .png; save other kinds as JPEG or PNG; move what is not meant out of the data."
            ),
            details={"kinds": {part.reason: part.count for part in parts}},
        )
