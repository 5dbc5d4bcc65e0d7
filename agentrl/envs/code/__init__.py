"""Programs written for a statement, and hidden tests that run in a sandbox."""
