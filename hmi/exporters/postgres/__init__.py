"""Delivers samples and events into tables of PostgreSQL."""
