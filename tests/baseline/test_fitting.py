from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.baseline.feeding import Samples
from auditor.baseline.fitting import Epoch, Run, fit, rate
from auditor.baseline.network import Architecture, Network, network, softmax
from auditor.baseline.pixels import build_cache
from auditor.baseline.scaling import measure_pixels
from auditor.baseline.varying import MILD
from auditor.errors import DataError, OutputError
from tests.baseline.conftest import FakePlan

Parts = dict[str, Samples]


@pytest.fixture(scope="module")
def parts(bars: FakePlan, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    table = bars.table
    cache = build_cache(bars.dataset.source, table["path"].tolist(), 16, tmp_path_factory.mktemp("cache"))
    numbers = (table["label"] == "upright").to_numpy().astype(np.int64)
    return {
        s: Samples(cache, np.flatnonzero(table["split"] == s), numbers[table["split"] == s])
        for s in ("train", "val")
    }


@pytest.fixture(scope="module")
def net(parts: Parts) -> Network:
    scaler = measure_pixels([parts["train"].images()]).min_max()
    return network(Architecture(image_size=16, classes=2, filters=16, depth=1, scaler=scaler, dropout=0.3))


RUN = Run(epochs=4, patience=9, batch_size=16, learning_rate=3e-3, variation=MILD)


class Killed(BaseException):
    """What a kill is to the process under test."""


def test_a_killed_run_goes_on_to_the_same_numbers(net: Network, parts: Parts, tmp_path: Path) -> None:
    whole = fit(net, parts["train"], parts["val"], RUN)
    weights = net.state()

    def kill(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            raise Killed

    checkpointed = dataclasses.replace(RUN, checkpoint=tmp_path / "run.npz")
    with pytest.raises(Killed):
        fit(net, parts["train"], parts["val"], dataclasses.replace(checkpointed, on_epoch=kill))
    told: list[int] = []
    resumed = fit(
        net,
        parts["train"],
        parts["val"],
        dataclasses.replace(checkpointed, on_epoch=lambda e: told.append(e.epoch)),
    )
    assert told == [3, 4]
    assert resumed["val_loss"] == whole["val_loss"]
    assert resumed["loss"] == whole["loss"]
    for a, b in zip(net.state(), weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_checkpoint_that_is_cut_short_is_ignored(net: Network, parts: Parts, tmp_path: Path) -> None:
    file = tmp_path / "run.npz"
    file.write_bytes(b"PK\x03\x04 no archive")
    assert (
        len(
            fit(net, parts["train"], parts["val"], dataclasses.replace(RUN, epochs=1, checkpoint=file))[
                "loss"
            ]
        )
        == 1
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_said_in_a_line_and_the_checkpoint_before_is_kept(
    net: Network, parts: Parts, tmp_path: Path
) -> None:
    whole = fit(net, parts["train"], parts["val"], RUN)
    file = tmp_path / "run.npz"

    def fill(epoch: Epoch) -> None:
        if epoch.epoch == 2:
            file.with_suffix(".part.npz").symlink_to("/dev/full")

    with pytest.raises(
        OutputError, match=r"No space left on device, after epoch 3; .* goes on after epoch 2"
    ):
        fit(net, parts["train"], parts["val"], dataclasses.replace(RUN, checkpoint=file, on_epoch=fill))
    assert [f.name for f in tmp_path.iterdir()] == ["run.npz"], "half a checkpoint is removed"
    told: list[int] = []
    again = fit(
        net,
        parts["train"],
        parts["val"],
        dataclasses.replace(RUN, checkpoint=file, on_epoch=lambda e: told.append(e.epoch)),
    )
    assert told == [3, 4]
    assert again["val_loss"] == whole["val_loss"]


def test_a_second_run_does_not_trace_again(net: Network, parts: Parts) -> None:
    fit(net, parts["train"], parts["val"], dataclasses.replace(RUN, epochs=1))
    traces = net.traces
    other = dataclasses.replace(
        RUN, epochs=1, seed=5, learning_rate=1e-2, smoothing=0.1, adjustment=(0.0, -1.0)
    )
    fit(net, parts["train"].take(np.arange(0, 100, 2)), parts["val"], other)
    assert net.traces == traces


def test_early_stopping_restores_the_best_weights(net: Network, parts: Parts) -> None:
    wrong = dataclasses.replace(
        parts["val"], labels=1 - parts["val"].labels
    )  # the better it learns, the worse this gets
    history = fit(net, parts["train"], wrong, dataclasses.replace(RUN, epochs=12, patience=3))
    assert history["stopped_early"]
    assert len(history["loss"]) == history["best_epoch"] + 1 + 3
    assert history["ended_by"] == "early stopping"
    last = len(history["loss"]) - 1
    steps = -(-len(parts["train"]) // RUN.batch_size)
    planned = rate((last + 1) * steps - 1, 12 * steps, RUN.learning_rate)
    assert history["learning_rate"][last] == pytest.approx(planned / 2, rel=1e-4), (
        "halved beside its planned fall, once the loss has stalled"
    )


def test_a_run_that_is_not_validated_ends_with_its_last_weights(
    net: Network, parts: Parts, tmp_path: Path
) -> None:
    wrong = dataclasses.replace(
        parts["val"], labels=1 - parts["val"].labels
    )  # the better it learns, the worse this gets

    def loss() -> float:
        probability = softmax(net.logits(wrong.images()))[np.arange(len(wrong)), wrong.labels]
        return float(-np.log(probability).mean())

    best = fit(net, parts["train"], wrong, dataclasses.replace(RUN, patience=99))
    assert best["best_epoch"] < 3
    assert loss() == pytest.approx(min(best["val_loss"]), rel=1e-4)
    to_the_end = dataclasses.replace(RUN, patience=1, validated=False, checkpoint=tmp_path / "run.npz")
    history = fit(net, parts["train"], wrong, to_the_end)
    assert history["loss"] == best["loss"], "validation changes nothing of the training"
    assert (history["best_epoch"], history["val_loss"], history["ended_by"]) == (3, [], "all epochs")
    assert loss() == pytest.approx(best["val_loss"][-1], rel=1e-4)
    fit(net, parts["train"], wrong, to_the_end)  # read back from its checkpoint
    assert loss() == pytest.approx(best["val_loss"][-1], rel=1e-4)


def test_a_loss_that_is_no_number_from_the_start_is_refused(net: Network, parts: Parts) -> None:
    bad = dataclasses.replace(parts["train"], weights=np.full(len(parts["train"]), np.nan, np.float32))
    with pytest.raises(DataError, match="lower the learning rate"):
        fit(net, bad, parts["val"], RUN)


def test_epochs_before_a_loss_that_is_no_number_are_kept(net: Network, parts: Parts) -> None:
    weights = np.ones(len(parts["train"]), np.float32)

    def spoil(images: Any, at: Any, epoch: int) -> Any:
        if epoch == 2:
            weights[:] = np.nan
        return images

    history = fit(net, dataclasses.replace(parts["train"], weights=weights, alter=spoil), parts["val"], RUN)
    assert len(history["loss"]) == 2
    assert history["ended_by"] == "loss not a number"
    assert np.isfinite(net.logits(parts["val"].images())).all()


def test_a_deadline_ends_training_with_what_is_there(net: Network, parts: Parts) -> None:
    import time

    history = fit(
        net,
        parts["train"],
        parts["val"],
        dataclasses.replace(RUN, epochs=1000, patience=1000, deadline=time.monotonic() + 1.0),
    )
    assert 1 <= len(history["loss"]) < 1000
    assert history["ended_by"] == "time"


def test_logit_adjustment_favours_the_class_that_is_adjusted_down(net: Network, parts: Parts) -> None:
    # In the loss the rare class counts as less likely, so that the plain logits have to say it more
    # often.
    images = parts["val"].images()
    called = []
    for adjustment in ((0.0, 0.0), (-3.0, 0.0)):
        fit(net, parts["train"], parts["val"], dataclasses.replace(RUN, epochs=2, adjustment=adjustment))
        called.append(np.diff(net.logits(images), axis=1).mean())
    assert called[1] < called[0]


def test_padding_does_not_change_predictions(net: Network, parts: Parts) -> None:
    images = parts["train"].images()
    np.testing.assert_allclose(net.logits(images)[:5], net.logits(images[:5]), atol=1e-5)
