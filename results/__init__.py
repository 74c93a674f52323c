"""Measurements behind the book's numbers: scripts, and the JSON files they wrote.

Most of them read a run in runs/seed-N. `python r1.py train --seed N --out runs/seed-N`
makes one in hours; with --shipped at its end, it takes the stages of the measured runs
from artifacts/ in seconds.
"""
