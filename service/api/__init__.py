"""The JSON API: a blueprint a file, each thin: parse, call a lower floor, serialise."""
