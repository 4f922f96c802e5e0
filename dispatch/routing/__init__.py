"""From a text to a station: the emergency screen first, then category or words, then a person."""
