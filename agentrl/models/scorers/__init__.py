"""Scorers of progress: what an episode is worth, prefix by prefix."""
