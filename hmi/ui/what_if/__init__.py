"""The page of other settings of an alarm: what they would have done to its past."""
