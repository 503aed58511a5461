"""Controls of a display at work: what they say of their command, and the card that asks and confirms."""
