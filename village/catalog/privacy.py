"""The version of the privacy notice in force."""

PRIVACY_VERSION = "2026-11"
