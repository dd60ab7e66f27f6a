"""How others use the public API; ``test_typed.py`` has mypy read it, and nothing runs it."""

import pandas as pd

import auditor
from auditor.errors import AuditorError


def use() -> None:
    data: auditor.Dataset = auditor.open("flowers/")
    auditor.open(pd.DataFrame({"path": ["a.png"], "label": ["x"]}), label="label")
    audit: auditor.Audit = auditor.scan(
        data, config=auditor.Config(select=("dark",)), scanning=auditor.ScanOptions(jobs=2)
    )
    verdict: str = audit.verdict
    findings: pd.DataFrame = audit.findings
    svg: str = audit.plot_classes().svg
    plan = auditor.split(data, ratios=(60, 20, 20), scan=audit, export=["csv", "huggingface"])
    table: pd.DataFrame = plan.table
    result = auditor.train(plan, augment=auditor.augment(plan))
    history: pd.DataFrame = result.history
    result.plot_history(0, curve="accuracy").save("accuracy.svg")
    try:
        auditor.check(data, "audit.json")
    except AuditorError as error:
        print(error.hint)
    worse: bool = auditor.compare("old", audit).got_worse
    for file in auditor.report("out", formats=["croissant"]):
        print(file.name, verdict, findings, svg, table, history, worse)
