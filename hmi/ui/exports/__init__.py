"""The page of export jobs: how each one does, what its target did not take, and what is asked of it."""
