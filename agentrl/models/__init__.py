"""Where words come from: one small protocol and the backends behind it."""
