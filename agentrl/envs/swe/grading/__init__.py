"""From a patch to a verdict that the patch itself has no say in."""
