"""Files that decoders refuse or do not see alike."""

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
#: tf.io.decode_image gives these a fourth dimension, animated or not, unless asked not to (tried with
#: TensorFlow 2.21).
FOUR_DIMENSIONS = frozenset({"GIF", "WEBP"})


def known_differences(
    path: str, format: str, mode: str, bits: int, orientation: int, transparent: bool
) -> list[str]:
    """Return what others are known to do with a file that Pillow reads; empty where they agree.

    Examples
    --------
    >>> known_differences("a.jpg", "JPEG", "RGB", 8, 6, False)
    ['OpenCV turns it']
    >>> known_differences("a.tif", "TIFF", "RGB", 8, 1, False)
    ['TensorFlow refuses it', 'Keras passes it over']
    """
    found = []
    if format not in TENSORFLOW:
        found.append("TensorFlow refuses it")
    if PurePosixPath(path).suffix.lower() not in ("", *KERAS):  # a table may leave the ending out
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


def _choose_differences(tried: str, judged: list[str]) -> str:
    """Return what was found by trying, else what the header lets expect, beside a refusal by Pillow."""
    return " / ".join([tried, *judged]) if tried == PILLOW else tried or " / ".join(judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderMismatch(Check):
    """Files that decoders refuse or do not see alike.

    Parameters
    ----------
    warn_share : float
        Share of the files over which it is a warning: one is enough.
    """

    code = "decoder-mismatch"
    family = "Files"
    measured = (
        "Rules on header facts say which of TensorFlow, OpenCV and Keras refuse a file or see another size, "
        "number of channels or orientation; `--decoders all` decodes with them instead. Graded is the share "
        "of such files."
    )
    limits = (
        "Without a scan by every decoder it goes by features of the file that decoders are known to treat "
        "differently."
    )
    words = Wording(
        found="Some files look different to other libraries",
        fine="Decoders agree about all files",
        why="A model trained with one library and used with another sees other pictures, or none.",
        fix=(
            "Save these files again as 8-bit RGB JPEG or PNG with the orientation applied; every library "
            "reads those alike."
        ),
    )

    warn_share: float = 0.0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        images = evidence.images
        names = ("decoders", "path", "format", "mode", "bits", "orientation", "transparent")
        differences = [
            _choose_differences(tried, known_differences(*facts))
            for tried, *facts in zip(*(images[c].tolist() for c in names), strict=True)
        ]
        differs = (
            np.array([text not in ("", "alike") for text in differences], dtype=bool) & evidence.readable
        )
        found = {images["path"].iat[i]: differences[i] for i in np.flatnonzero(differs).tolist()}
        how = "tried" if (~images["decoders"].isin(("", PILLOW))).any() else "judged by the headers"
        others = f"refused or seen differently by Pillow, TensorFlow, OpenCV or Keras ({how})"
        kinds = [kind for text in found.values() for kind in text.split(" / ")]
        yield find_share(
            self, evidence, differs, "share of files that decoders disagree about", f"is {others}",
            f"are {others}",
            warn_share=self.warn_share, more=f"Differences: {count_values(kinds)}.",
            details={"problems": found},
        )  # fmt: skip
