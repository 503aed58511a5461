"""Plain JSON over MQTT: the state of the plant as a tree of topics, and a log of packages with proof."""
