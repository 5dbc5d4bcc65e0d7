"""The published forms of instances: one module a family, each reads and writes its own."""
