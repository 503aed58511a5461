"""The road of a command on the station: why it may not be given, how it is asked, sent and answered."""
