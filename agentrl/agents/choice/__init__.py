"""A policy over a few actions: a small network that scores what the environment lists."""
