"""Named policies: whom to ask now, how many, when to look again; parameters are data."""
