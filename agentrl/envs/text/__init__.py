"""Worlds that are played in words."""
