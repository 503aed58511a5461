"""Faceplates: what one piece of equipment says, and what may be asked of it."""
