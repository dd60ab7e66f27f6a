"""A record logged to MLflow: tags, metrics and artefacts."""

from __future__ import annotations

from auditor.errors import MissingExtraError
from auditor.record import Record
from auditor.reports.write import render


def log_record(record: Record) -> str:
    """Log a record to the active run, or to a new one that is ended; returns the run's id.

    Tags are ``auditor.verdict`` and ``auditor.fingerprint``; metrics are ``images``, ``unreadable`` and, by
    finding, the value of its effect (``label-shift/train-test``); artefacts are ``auditor/report.html`` and
    ``auditor/audit.json``.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.
    """
    try:
        import mlflow
    except ImportError:
        raise MissingExtraError.of("mlflow", "mlflow") from None
    active = mlflow.active_run()
    run = active or mlflow.start_run()
    identity = str(run.info.run_id)
    try:
        mlflow.set_tags(
            {"auditor.verdict": str(record.verdict), "auditor.fingerprint": record.dataset.fingerprint}
        )
        effects = {f.id.replace(":", "/"): f.effect.value for f in record.findings if f.effect is not None}
        mlflow.log_metrics(
            {"images": record.dataset.images, "unreadable": record.dataset.unreadable, **effects}
        )
        mlflow.log_text(render(record, "html"), "auditor/report.html")
        mlflow.log_text(render(record, "json"), "auditor/audit.json")
    finally:
        if active is None:
            mlflow.end_run()
    return identity
