"""Ground floor: the domain and its storage."""
