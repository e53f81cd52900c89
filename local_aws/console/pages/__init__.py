"""The pages, one module a subject: functions from a visit to a view."""
