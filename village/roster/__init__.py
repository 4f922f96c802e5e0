"""A county's people from a file of its office: read, checked, shown, and written as a whole."""
