"""Geometry of the charts: numbers in, coordinates out.

The drawing is done by the templates of `templates/charts`.
"""
