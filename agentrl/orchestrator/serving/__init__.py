"""Offering a pool with its conductor as one model."""
