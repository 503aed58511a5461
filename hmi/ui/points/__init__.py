"""The page of forced and simulated points (HM-16)."""
