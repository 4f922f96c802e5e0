"""Workflows are tables: one engine, and a table a file."""
