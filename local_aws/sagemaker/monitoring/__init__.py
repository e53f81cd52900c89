"""Model Monitor: schedules, the executions that they start, and the processing jobs that these are made of."""
