"""Delivers to a folder: Parquet, CSV or XLSX files with a manifest for each package (standards 8.5)."""
