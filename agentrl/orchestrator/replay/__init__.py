"""Recorded answers of real models, as workers: what a recording is, its forms, and its workers."""
