"""Pipeline executions: a definition, checked when it is created, then executed as a client of the API."""
