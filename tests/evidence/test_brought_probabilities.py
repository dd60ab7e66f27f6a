"""Class probabilities that users bring: in the order of the images, refused where they say nothing."""

import numpy as np
import pytest

from auditor.errors import DataError
from auditor.evidence.brought import Brought, Matched
from auditor.evidence.brought_probabilities import match_probabilities, refuse_in_sample

PATHS = np.array(["a", "b", "c"], dtype=object)
READ = np.ones(3, dtype=bool)
VALUES = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])


def brought(values, columns=("cat", "dog")):
    return Brought(name="'p.csv'", values=np.asarray(values), columns=columns, paths=None, digest="")


def matched(values, columns=("cat", "dog"), rows=(0, 1, 2), readable=READ):
    rows = Matched(rows=np.array(rows), unused=0, by="path")
    return match_probabilities(brought(values, columns), rows, ("cat", "dog"), PATHS, readable)


def test_columns_and_rows_are_brought_into_the_order_of_the_data():
    found = matched(VALUES[::-1, ::-1], ("dog", "cat"), rows=(2, 1, 0))
    assert np.allclose(found.values, VALUES)


def test_columns_without_names_are_the_sorted_classes():
    assert np.allclose(matched(VALUES, ()).values, VALUES)


def test_images_that_were_not_readable_need_no_row():
    found = matched(VALUES, rows=(0, 1, -1), readable=np.array([True, True, False]))
    assert np.allclose(found.values[:2], VALUES[:2])


def test_the_classes_that_are_asked_for_add_up_to_one():
    found = matched([[0.5, 0.5], [0.2, 0.8], [0.0, 1.0]])
    assert np.allclose(found.of(np.array([0, 2]), ("cat",)), [[1.0], [1.0]])


@pytest.mark.parametrize(
    ("values", "columns", "rows", "said"),
    [
        (VALUES, ("cat", "cow"), (0, 1, 2), "without dog"),
        (np.ones((3, 3)) / 3, (), (0, 1, 2), "3 columns without names"),
        (VALUES * 2, ("cat", "dog"), (0, 1, 2), "3 rows do not: the 2 numbers of 'a' add up to 2"),
        ([[0.9, 0.1], [1.2, -0.2], [0.5, 0.5]], ("cat", "dog"), (0, 1, 2), "1 rows do not"),
        ([[0.9, 0.1], [np.nan, 0.8], [0.5, 0.5]], ("cat", "dog"), (0, 1, 2), "1 rows do not"),
        ([[0.5, 0.5]] * 3, ("cat", "dog"), (0, 1, 2), "every image has the same"),
        (VALUES, ("cat", "dog"), (0, 1, -1), "lacks 1: c"),
    ],
)
def test_what_is_no_probability_of_the_classes_is_refused(values, columns, rows, said):
    with pytest.raises(DataError) as refused:
        matched(values, columns, rows)
    assert said in str(refused.value)


def said_of(given, right, rng):
    """Probabilities whose largest is the given label in a share of the rows."""
    out = np.full((len(given), 4), 0.1)
    chosen = np.where(rng.random(len(given)) < right, given, (given + 1) % 4)
    out[np.arange(len(given)), chosen] = 0.7
    return out.astype(np.float32)


def test_a_model_that_never_contradicts_labels_that_neighbours_contradict_is_refused():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 4, 500)
    with pytest.raises(DataError, match="has not seen the labels"):
        refuse_in_sample("'p.csv'", given, said_of(given, 1.0, rng), said_of(given, 0.7, rng))


@pytest.mark.parametrize(("own", "neighbours"), [(0.9, 0.6), (0.97, 0.6), (1.0, 0.98), (0.5, 0.7)])
def test_a_good_model_or_one_on_easy_data_is_used(own, neighbours):
    rng = np.random.default_rng(0)
    given = rng.integers(0, 4, 500)
    refuse_in_sample("'p.csv'", given, said_of(given, own, rng), said_of(given, neighbours, rng))
