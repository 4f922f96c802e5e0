"""The county's catalog as data files, with their readers and loaders."""
