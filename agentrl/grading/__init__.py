"""Grading of many patches: predictions in, verdicts out."""
