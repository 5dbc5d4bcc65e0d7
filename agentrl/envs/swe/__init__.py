"""Software engineering: tasks in a repository, their sandbox, and their grading."""
