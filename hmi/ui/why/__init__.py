"""The panel "Why this number?": the way of a value from the device to the screen, hop by hop."""
