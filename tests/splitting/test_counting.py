import numpy as np

from auditor.splitting.counting import count_table


def test_counts_are_images_of_each_class_in_each_unit():
    counts = count_table(np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 0, 1]))
    assert counts.toarray().tolist() == [[1, 1], [0, 1], [2, 1]]
