import dataclasses

import pandas as pd

from auditor.finding import Effect, Finding
from auditor.reports.html import HEAVIEST, render_html
from auditor.reports.long_texts import LONGEST, shorten_text, shorten_texts
from tests.reports.examples import record as make_record


def test_texts_that_begin_alike_stay_apart():
    names = ["x" * 5000 + ending for ending in "abc"]
    assert len({shorten_text(name) for name in names}) == 3
    assert all(len(shorten_text(name)) < LONGEST + 40 for name in names)


def test_every_text_of_a_record_is_shortened_and_numbers_stay():
    label = "y" * 3000
    finding = Finding(
        code="dark", title=label, summary=label, classes=(label,), details={label: [label, 3]},
        effect=Effect.counted("n", 2, warn_at=0), examples=pd.DataFrame({"path": [label], "score": [0.5]}),
    )  # fmt: skip
    short = shorten_texts(finding)
    assert label not in repr(dataclasses.asdict(short)) and short.effect == finding.effect
    assert short.examples["score"].tolist() == [0.5] and short.details[shorten_text(label)][1] == 3


def test_a_report_of_endless_names_keeps_its_size():
    made = make_record()
    long = {name: f"{name}{'é<&' * 20_000}" for name in made.dataset.classes}
    findings = [
        dataclasses.replace(f, scope=f"{i}", summary=label, classes=tuple(long.values()))
        for f in made.findings
        for i, label in enumerate(list(long.values()) * 9)
    ]
    record = dataclasses.replace(
        made,
        findings=tuple(findings),
        images=made.images.assign(label=made.images["label"].map(lambda label: long.get(label, label))),
    )
    page = render_html(record)
    assert len(page.encode()) <= HEAVIEST and "60,00" in page
