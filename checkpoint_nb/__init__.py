"""Notebooks that remember: cached cells and functions, run in parallel, watched live."""
