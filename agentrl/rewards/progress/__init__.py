"""Progress: how far each turn brought an episode, told by a scorer that outcomes taught."""
