"""CloudWatch's metrics and alarms: what they are computed from, and how. The API over it is moto's, see `api.py`."""
