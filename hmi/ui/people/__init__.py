"""People at the station: who is signed in, signing in and out, locking, the shift change (standards 6, CR 1.1, 2.5)."""
