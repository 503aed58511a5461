"""Northfield waterworks."""
