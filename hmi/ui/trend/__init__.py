"""Trends: series of samples, min/max decimation, a plot with axes, and the panel around it."""
