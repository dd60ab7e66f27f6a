"""Jinja2 templates of the report, with their CSS and JavaScript; no Python here."""
