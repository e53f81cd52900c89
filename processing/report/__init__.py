"""The evidence for an approver as one self-contained page: no script, no font and no picture from elsewhere."""
