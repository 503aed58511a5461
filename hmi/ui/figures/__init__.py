"""The page of the alarm figures: how good the alarm system itself is (standards 1.11)."""
