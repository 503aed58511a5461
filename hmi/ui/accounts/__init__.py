"""The page of accounts: who may sign in, with which rights, and every change of it."""
