"""Villages that do not exist, in which the code that serves production is tried out."""
