"""What a run leaves behind: its folder, its numbers, its comparison with another."""
