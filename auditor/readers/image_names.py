"""The endings of images."""

from __future__ import annotations

#: Extensions of the image formats that Pillow or OpenCV decode, or `auditor.readers.scientific` makes PNG of;
#: a file with another one is counted as ignored.
IMAGE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".j2k", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif",
    ".tiff", ".webp", ".avif", ".ppm",
    ".pgm", ".pbm", ".pnm", ".ico", ".tga", ".mpo", ".qoi", ".sgi", ".rgb", ".dcm", ".dicom",
})  # fmt: skip


def is_image(name: str) -> bool:
    """Whether a file's name is that of an image; hidden files are none.

    Examples
    --------
    >>> is_image("a/b.JPG"), is_image("a/.b.jpg"), is_image("notes.txt")
    (True, False, False)
    """
    base = name.rsplit("/", 1)[-1]
    return (
        "." in base and not base.startswith(".") and "." + base.rsplit(".", 1)[1].lower() in IMAGE_EXTENSIONS
    )
