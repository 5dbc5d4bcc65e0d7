"""Turning episodes into a better policy."""
