"""Figures of the export jobs as tags: read out of what the process that delivers tells of itself, never written."""
