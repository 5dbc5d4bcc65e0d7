"""What progress needs of playing and of a suite: fitting, continuing, searching."""
