"""Many models working on one task."""
