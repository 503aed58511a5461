"""What people put on objects, on the screen: control tags, manual values, bypasses, control of areas."""
