"""What runs inside the sandbox, as a program of its own; never imported by anything."""
