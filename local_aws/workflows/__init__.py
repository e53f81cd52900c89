"""AWS Step Functions: an API and records of its own around moto's interpreter, whose known faults are repaired."""
