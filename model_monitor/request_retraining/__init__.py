"""Lambda: an alarm of the monitor becomes one request for a retraining, or a line that says why not."""
