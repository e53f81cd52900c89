"""EventBridge: rules, patterns, schedules, and the delivery of events to their targets."""
