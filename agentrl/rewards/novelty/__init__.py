"""Bonuses for exploring: how new something is, and what a model finds interesting."""
