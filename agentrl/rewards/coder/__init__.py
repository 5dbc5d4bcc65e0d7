"""Reward programs that a model writes: proposed, checked, run in a sandbox, improved."""
