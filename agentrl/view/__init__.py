"""What a run left behind, shown to a person."""
