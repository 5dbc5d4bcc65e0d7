"""Ranking the episodes of a group by comparing them in pairs."""
