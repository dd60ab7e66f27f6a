"""What an audit found, for people and machines: HTML, JSON, tables. Everything renders from a `Record`."""

from auditor.reports.files import load_record, save_parts, save_record
from auditor.reports.html import render_html
from auditor.reports.write import FORMATS, render, write_report

__all__ = ["FORMATS", "load_record", "render", "render_html", "save_parts", "save_record", "write_report"]
