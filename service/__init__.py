"""Top floor: the doors."""
