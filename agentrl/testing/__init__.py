"""Public test doubles and conformance checks."""
