"""Watching a deployed endpoint: captured data, its baseline, the schedules that compare both, alarms and the report."""
