import pytest

import auditor
from auditor.augmentation import Augmentation
from auditor.commands.config import Config
from tests.conftest import write_tree

FAST = Config(select=("class-imbalance",))


def test_an_augmentation_that_was_broken_off_leaves_an_audit_without_one(tmp_path, monkeypatch):
    pytest.importorskip("albumentations")
    data, out = write_tree(tmp_path / "data", {"red": 30, "blue": 10}), tmp_path / "out"
    plan = auditor.split(data, output=out, scan=auditor.scan(data, output=out, config=FAST))
    auditor.augment(plan, target="balanced", output=out)
    assert auditor.load(out).record.augmentation is not None

    def broken_off(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Augmentation, "write", broken_off)
    with pytest.raises(KeyboardInterrupt):
        auditor.augment(plan, target="balanced", output=out, seed=1)
    left = auditor.load(out).record
    assert left.augmentation is None and left.augmented is None and left.split is not None
