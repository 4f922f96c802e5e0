"""Second floor: from a request to a volunteer."""
