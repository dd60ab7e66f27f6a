"""What mypy must object to, once per line that says so."""

import auditor


def mistakes() -> None:
    number: int = auditor.scan("flowers/").verdict  # wrong
    auditor.split("flowers/", folds="five")  # wrong
    auditor.scan("flowers/").plot_finding(3)  # wrong
    print(number)
