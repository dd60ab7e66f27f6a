"""What an audit found, for people and machines: HTML, JSON, tables. Everything renders from a `Record`."""

from auditor.reports.files import load_record, save_record
from auditor.reports.html import render_html

__all__ = ["load_record", "render_html", "save_record"]
