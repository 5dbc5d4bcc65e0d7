"""How much better than expected each turn was: pure functions of rewards and values."""
