"""Sparkplug B 3.0 edge node: the plant's series as metrics of one node and of its devices."""
