"""Where in a model's answer the action stands."""
