"""Find a tag, a piece of equipment, a display or an alarm of the plant by typing."""
