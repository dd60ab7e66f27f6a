import numpy as np
import pandas as pd

from auditor.splitting.strata import joined, strata_of


def test_words_and_few_numbers_are_levels_and_many_numbers_quarters():
    images = pd.DataFrame(
        {"site": ["n", "s", None, "n"] * 5, "dose": ["1", "2", "1", "2"] * 5, "age": np.arange(20)}
    )
    levels = strata_of(images, ["site", "dose", "age"])
    assert set(levels["site"]) == {"n", "s", ""}
    assert set(levels["dose"]) == {"1", "2"}
    assert levels["age"].value_counts().to_dict() == {f"quarter {k}": 5 for k in range(1, 5)}
    pairs = set(zip(images["site"].fillna(""), images["dose"], strict=True))
    assert joined({name: levels[name] for name in ("site", "dose")}).nunique() == len(pairs)
    assert joined({}) is None
