"""Programs that run inside a sandbox; they may use the standard library alone."""
