import numpy as np
import pandas as pd

from auditor.splitting.strata import combine_levels, read_strata


def test_words_and_few_numbers_are_levels_and_many_numbers_quarters():
    images = pd.DataFrame(
        {"site": ["n", "s", None, "n"] * 5, "dose": ["1", "2", "1", "2"] * 5, "age": np.arange(20)}
    )
    levels = read_strata(images, ["site", "dose", "age"])
    assert set(levels["site"]) == {"n", "s", ""}
    assert set(levels["dose"]) == {"1", "2"}
    assert levels["age"].value_counts().to_dict() == {f"quarter {k}": 5 for k in range(1, 5)}
    pairs = set(zip(images["site"].fillna(""), images["dose"], strict=True))
    assert combine_levels({name: levels[name] for name in ("site", "dose")}).nunique() == len(pairs)
    assert combine_levels({}) is None
