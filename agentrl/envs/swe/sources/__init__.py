"""Repositories that no image holds yet: released packages, archives, and what differs in them."""
