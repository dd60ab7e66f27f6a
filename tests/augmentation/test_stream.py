"""Training batches on the fly, and Keras layers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from auditor.augmentation import PRESETS, plan_augmentation
from auditor.augmentation.stream import Sampler
from auditor.errors import UsageError

tf = pytest.importorskip("tensorflow")


def test_an_epoch_holds_every_original_and_every_planned_image_once(planned):
    made = plan_augmentation(planned)
    stream = made.dataset((24, 32), batch_size=4)
    images, numbers = (
        np.concatenate(parts) for parts in zip(*((x.numpy(), y.numpy()) for x, y in stream), strict=True)
    )
    assert int(stream.cardinality()) == 6
    # 8 cats, 3 dogs + 4, 2 birds + 5.
    assert Counter(made.labels[i] for i in numbers) == {"cat": 8, "dog": 7, "bird": 7}
    assert images.dtype == np.float32
    assert images.shape == (22, 24, 32, 3)
    expected = [made.render(row) for _, row in made.manifest.iterrows()]
    for picture in expected:
        assert any(np.array_equal(picture, image) for image in images), (
            "the first epoch shows the images of the manifest"
        )


def test_later_epochs_draw_afresh_and_repeat_with_the_seed(planned):
    made = plan_augmentation(planned)
    one, two = (made.dataset((16, 16), batch_size=32, shuffle=False) for _ in range(2))
    passes = [[next(iter(s))[0].numpy() for _ in range(3)] for s in (one, two)]
    for a, b in zip(*passes, strict=True):
        assert np.array_equal(a, b)
    originals = len(made.originals)
    assert np.array_equal(passes[0][0][:originals], passes[0][1][:originals])
    assert not np.array_equal(passes[0][0][originals:], passes[0][1][originals:])


def test_batches_are_shuffled_differently_each_epoch(planned):
    stream = plan_augmentation(planned).dataset((8, 8), batch_size=64)
    first, second = ([n for _, y in stream for n in y.numpy()] for _ in range(2))
    assert sorted(first) == sorted(second)
    assert first != second


def test_labels_keep_the_numbers_they_are_given(planned):
    made = plan_augmentation(planned)
    stream = made.dataset((8, 8), labels=("zebra", "dog", "cat", "bird"), shuffle=False)
    assert set(np.concatenate([y.numpy() for _, y in stream])) == {1, 2, 3}
    with pytest.raises(UsageError, match="labels that name every class"):
        made.dataset((8, 8), labels=("cat", "dog"))


def test_parents_are_kept_only_while_there_is_room(planned, monkeypatch):
    from auditor.augmentation import stream

    monkeypatch.setattr(stream, "CACHE_BYTES", 3 * 8 * 8 * 3)
    made = plan_augmentation(planned)
    sampler = Sampler(made, (8, 8), made.labels)
    small = [sampler.picture(i, 0) for i in range(len(sampler))]
    assert len(sampler.kept) == 3
    monkeypatch.undo()
    roomy = Sampler(made, (8, 8), made.labels)
    assert all(np.array_equal(p, roomy.picture(i, 0)) for i, p in enumerate(small))


def test_layers_do_what_the_policy_says(planned):
    made = plan_augmentation(planned, way="layers", policy="microscopy")
    layers = made.keras_layers(rescale=True)
    assert [type(layer).__name__ for layer in layers] == [
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomContrast",
        "RandomBrightness",
        "Rescaling",
    ]
    images = np.full((2, 16, 16, 3), 128, np.float32)
    out = images
    for layer in layers:
        out = layer(out, training=True)
    assert out.shape == images.shape
    assert 0 <= float(np.min(out)) <= float(np.max(out)) <= 1
    still = images
    for layer in layers[:-1]:
        still = layer(still, training=False)
    assert np.array_equal(still, images), "nothing is augmented outside training"
    assert made.weights == {"bird": 3.5, "cat": 1.0, "dog": pytest.approx(7 / 3, rel=1e-5)}


def test_zoom_goes_inwards_alone():
    """A crop never shows what lies outside of the picture: a bright frame may leave, never come closer."""
    from auditor.augmentation.layers import keras_layers

    (zoom,) = keras_layers(
        PRESETS["photo"].without("flip", "rotate", "perspective", "elastic", "brightness-contrast"), seed=1
    )
    x = np.tile(np.linspace(0, 255, 32, dtype=np.float32)[None, None, :, None], (64, 32, 1, 3))
    out = np.asarray(zoom(x, training=True))
    assert (np.ptp(out, axis=(1, 2, 3)) <= 255.01).all()
    assert (np.ptp(out, axis=(1, 2, 3)) >= 0.75 * 255).all()
    assert np.ptp(out, axis=(1, 2, 3)).min() < 0.9 * 255


def test_layers_leave_out_what_is_off_for_a_class(planned):
    policy = PRESETS["photo"].off_for("rotate", ["dog"])
    made = plan_augmentation(planned, way="layers", policy=policy)
    assert "RandomRotation" not in [type(layer).__name__ for layer in made.keras_layers()]
    assert any("rotate" in note for note in made.facts["notes"])


def test_skewed_frequencies_are_met_and_no_image_is_favoured(planned):
    made = plan_augmentation(planned)
    stream = made.dataset((8, 8), batch_size=5, frequencies={"cat": 0.5, "dog": 0.25, "bird": 0.25})
    numbers = np.concatenate([y.numpy() for _, y in stream])
    # 22 images an epoch: 11 cats; 5.5 dogs and birds, of which one is rounded up.
    assert Counter(made.labels[i] for i in numbers) == {"cat": 11, "bird": 6, "dog": 5}
    sampler = Sampler(made, (8, 8), made.labels)
    cats = Counter(i for i in sampler.order(0, True, np.array([0.0, 1.0, 0.0])).tolist())
    assert len(cats) == 8
    assert set(cats.values()) == {2, 3}


@pytest.mark.parametrize(
    "frequencies", [{"zebra": 1.0}, {"cat": -0.1}, {"cat": float("nan")}, {}, {"cat": 0.0}]
)
def test_impossible_frequencies_are_refused(planned, frequencies):
    with pytest.raises(UsageError, match="a share of at least 0"):
        plan_augmentation(planned).dataset((8, 8), frequencies=frequencies)


def test_a_model_trains_from_the_stream_and_through_the_layers(planned):
    import keras

    made = plan_augmentation(planned)
    layers = plan_augmentation(planned, way="layers", policy="digits").keras_layers(rescale=True)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            *layers,
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    history = model.fit(made.dataset((16, 16), batch_size=8), epochs=2, shuffle=False, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_keras_reads_the_written_folder_as_classes(planned, tmp_path):
    import keras

    made = plan_augmentation(planned).write(tmp_path)
    read = keras.utils.image_dataset_from_directory(
        tmp_path / "augmented", image_size=(24, 32), batch_size=64, shuffle=False, verbose=False
    )
    assert read.class_names == ["bird", "dog"]
    assert Counter(int(n) for _, y in read for n in y) == {0: 5, 1: 4}
    assert len(made.manifest) == 9
