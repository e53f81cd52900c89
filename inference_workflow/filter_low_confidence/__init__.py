"""Third Lambda: a label where the model is sure, the error ThresholdNotMet where it is not."""
