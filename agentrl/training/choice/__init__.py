"""Training a choice policy: a small network over a few actions, by gradients or by evolution."""
