"""What a reward would do, told from recorded episodes before any training pays for it."""
