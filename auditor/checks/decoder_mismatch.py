"""Files that decoders refuse or do not see alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

import numpy as np

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
from auditor.finding import Finding, Fix

#: What a scan says of a file that Pillow refuses: that is tried, always.
PILLOW = "Pillow refuses it"
#: What tf.io.decode_image reads (its documentation).
TENSORFLOW = frozenset({"JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "WEBP"})
#: The extensions that Keras' image_dataset_from_directory takes (Keras 3,
#: image_dataset_utils.ALLOWLIST_FORMATS).
KERAS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png"})
#: What the OpenCV wheels from PyPI are built with.
OPENCV = frozenset(
    {"JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "AVIF", "JPEG2000", "PPM", "SUN", "HDR"}
)
#: tf.io.decode_image gives these a fourth dimension, animated or not, unless told not to (tried with
#: TensorFlow 2.21).
FOUR_DIMENSIONS = frozenset({"GIF", "WEBP"})


def expected(path: str, format: str, mode: str, bits: int, orientation: int, transparent: bool) -> list[str]:
    """Return what others are known to do with a file of this name and these header facts, which Pillow reads; empty where they agree.

    Examples
    --------
    >>> expected("a.jpg", "JPEG", "RGB", 8, 6, False), expected("a.tif", "TIFF", "RGB", 8, 1, False)
    (['OpenCV turns it'], ['TensorFlow refuses it', 'Keras passes it over'])
    """
    found = []
    if format not in TENSORFLOW:
        found.append("TensorFlow refuses it")
    if PurePosixPath(path).suffix.lower() not in KERAS:
        found.append("Keras passes it over")
    if format not in OPENCV:
        found.append("OpenCV refuses it")
    if orientation > 1 and format in ("JPEG", "MPO", "PNG", "TIFF", "WEBP"):
        found.append("OpenCV turns it")
    if format in FOUR_DIMENSIONS:
        found.append("TensorFlow returns four dimensions")
    if mode == "CMYK":
        found.append("colours differ (CMYK)")
    if bits > 8:
        found.append("brightness differs (more than 8 bits)")
    if transparent:
        found.append("channels differ (transparency)")
    return found


def _said(tried: str, judged: list[str]) -> str:
    """Return what was found by trying, else what the header lets expect; that Pillow refuses it is said beside the latter."""
    return " / ".join([tried, *judged]) if tried == PILLOW else tried or " / ".join(judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderMismatch:
    """Files that decoders refuse or do not see alike."""

    code: ClassVar[str] = "decoder-mismatch"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file is enough to warn.
    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        images = evidence.images
        columns = (
            images[c].tolist()
            for c in ("decoders", "path", "format", "mode", "bits", "orientation", "transparent")
        )
        said = [_said(told, expected(*facts)) for told, *facts in zip(*columns, strict=True)]
        tried = ~images["decoders"].isin(("", PILLOW)).to_numpy()
        problems = np.array([text not in ("", "alike") for text in said], dtype=bool) & evidence.readable
        kinds = [part for text, p in zip(said, problems, strict=True) if p for part in text.split(" / ")]
        words = Wording(
            title="Decoders do not agree about some files",
            fine="All decoders agree about all files",
            has=f"are refused or seen differently by Pillow, TensorFlow, OpenCV or Keras ({'tried' if tried.any() else 'judged by their headers'})",
            more=f"Found: {counted(kinds)}.",
            why="A model trained with one library and used with another sees other pictures, or none.",
            fix=Fix(
                text="Save these files again as 8-bit RGB JPEG or PNG with the orientation applied; every library reads those alike."
            ),
            details={
                "problems": {p: t for p, t, hit in zip(images["path"], said, problems, strict=True) if hit}
            },
        )
        yield file_finding(
            evidence,
            self.code,
            problems,
            words,
            effect="share of files that decoders disagree about",
            warn_share=self.warn_share,
        )
