"""The roof: the only room that knows all rooms; it reads settings and runs processes."""
