"""The alarm list and the alarm strip: sorted model, own delegate, acknowledge."""
