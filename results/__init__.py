"""Measurements behind the book's numbers: scripts, and the JSON files they wrote."""
