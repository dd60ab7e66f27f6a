from __future__ import annotations

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest

from auditor.baseline.pixels import build_cache, decode_small
from auditor.dataset import FileStat, LocalFiles
from auditor.errors import OutputError


@pytest.fixture
def source(tmp_path: Path) -> LocalFiles:
    rng = np.random.default_rng(0)
    folder = tmp_path / "images"
    folder.mkdir()
    for i in range(5):
        cv2.imwrite(str(folder / f"{i}.png"), rng.integers(0, 256, (20 + i, 30, 3)).astype(np.uint8))
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return LocalFiles(str(folder))


PATHS = ["0.png", "1.png", "broken.png", "absent.png", "4.png"]


def test_cached_images_are_the_decoded_and_resized_ones(source: LocalFiles, tmp_path: Path) -> None:
    cache = build_cache(source, PATHS, 8, tmp_path / "cache")
    assert cache.readable().tolist() == [True, True, False, False, True]
    for row in (4, 0):
        expected = cv2.cvtColor(cv2.imread(str(Path(source.root) / PATHS[row])), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(
            cache.images([row])[0], cv2.resize(expected, (8, 8), interpolation=cv2.INTER_AREA)
        )
    assert not cache.images([2, 3]).any()


class Counting:
    """A source that counts its reads, and can break."""

    def __init__(self, inner: LocalFiles, break_at: int | None = None) -> None:
        self.inner, self.read_paths, self.break_at = inner, list[str](), break_at

    def stat(self, path: str) -> FileStat:
        return self.inner.stat(path)

    def read(self, path: str) -> bytes:
        if self.break_at is not None and len(self.read_paths) >= self.break_at:
            raise KeyboardInterrupt
        self.read_paths.append(path)
        return self.inner.read(path)


def test_a_second_build_reads_nothing_and_a_changed_file_is_read_again(
    source: LocalFiles, tmp_path: Path
) -> None:
    counting = Counting(source)
    build_cache(counting, PATHS, 8, tmp_path / "cache")
    assert len(counting.read_paths) == len(PATHS)
    build_cache(counting, PATHS, 8, tmp_path / "cache")
    assert len(counting.read_paths) == len(PATHS)
    cv2.imwrite(str(Path(source.root) / "0.png"), np.zeros((4, 4, 3), np.uint8))
    cache = build_cache(counting, PATHS, 8, tmp_path / "cache")
    assert not cache.images([0]).any()


def test_a_build_that_was_killed_goes_on(
    source: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.baseline.pixels.CHUNK", 2)
    whole = build_cache(source, PATHS, 8, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        build_cache(Counting(source, break_at=2), PATHS, 8, tmp_path / "cache", jobs=1)
    counting = Counting(source)
    resumed = build_cache(counting, PATHS, 8, tmp_path / "cache", jobs=1)
    assert (
        counting.read_paths == [p for p in PATHS[2:] if p != "absent.png"] or counting.read_paths == PATHS[2:]
    )
    np.testing.assert_array_equal(resumed.images(range(5)), whole.images(range(5)))


def test_a_full_disk_is_said_in_one_line(
    source: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="No space left"):
        build_cache(source, PATHS, 8, tmp_path / "cache")


def test_exif_orientation_is_applied() -> None:
    import io

    from PIL import Image

    picture = Image.new("RGB", (40, 20))
    picture.paste((255, 255, 255), (0, 0, 20, 20))  # the left half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter clockwise when shown: left becomes top
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif, quality=95)
    small = decode_small(buffer.getvalue(), 8)
    assert small[:3].mean() > 240
    assert small[-3:].mean() < 15
