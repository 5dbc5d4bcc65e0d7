"""A model that scores what an agent did, by a rubric."""
