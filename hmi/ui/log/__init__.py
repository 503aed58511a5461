"""The operator's log on the screen: separate lists, search, details and export."""
