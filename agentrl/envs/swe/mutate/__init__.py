"""Tasks from a repository with tests: small flaws put into its source that its tests notice."""
