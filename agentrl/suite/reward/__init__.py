"""The ``reward`` section of a suite: what counts, and how much."""
