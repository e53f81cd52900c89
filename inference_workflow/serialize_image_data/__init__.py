"""First Lambda: an object in S3 to base64 text, or to a reference when it would not fit the payload."""
