"""One small audit and one plan, which every format exports."""

import numpy as np
import pytest

import auditor
from tests.conftest import write_tree


@pytest.fixture(scope="package")
def discs(tmp_path_factory):
    """Two classes with hostile names, one unreadable file and one training image that is also in test."""
    root = write_tree(
        tmp_path_factory.mktemp("export") / "data",
        {"train/red": 12, "train/blue": 8, "val/red": 4, "val/blue": 4},
    )
    write_tree(root, {"test/red": 4, "test/blue": 4}, seed=30)
    for part in ("train", "val", "test"):
        (root / part / "blue").rename(root / part / "=sum(a1)")
    (root / "test" / "red" / "copy.png").write_bytes((root / "train" / "red" / "000.png").read_bytes())
    (root / "train" / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    return root


@pytest.fixture(scope="package")
def audit(discs):
    return auditor.scan(discs)


@pytest.fixture(scope="package")
def plan(audit):
    return auditor.split(audit.dataset, scan=audit)


@pytest.fixture(scope="package")
def archived(discs, tmp_path_factory):
    """The same data inside a zip: its images are not in files."""
    import shutil

    file = shutil.make_archive(str(tmp_path_factory.mktemp("zip") / "discs"), "zip", discs)
    audit = auditor.scan(file)
    return auditor.split(audit.dataset, scan=audit)


def decoded(file_or_bytes):
    import io

    from PIL import Image

    source = io.BytesIO(file_or_bytes) if isinstance(file_or_bytes, bytes) else file_or_bytes
    return np.asarray(Image.open(source).convert("RGB"))
