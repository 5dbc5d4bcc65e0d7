"""Tasks from two releases of a package: the later one's tests, put to the earlier one's source."""
