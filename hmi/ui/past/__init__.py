"""Time travel: the one clock of a station, the bar that moves it, and the marks of every window of the past."""
