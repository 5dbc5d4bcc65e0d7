"""A pool of program workers with different skills, and tasks that need several of them."""
