"""The page of certificates: which server showed which, and what is decided about it (CR 1.8)."""
