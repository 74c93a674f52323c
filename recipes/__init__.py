"""Recipes: runs on one GPU, on many, or beside other engines. Plain Python scripts.

Nothing in r1lib, in the tests or in `python r1.py train` downloads anything; a recipe
does, when it is started without `--smoke` and without `--dry-run`.
"""
