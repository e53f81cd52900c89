"""Endpoints, executed: fleets of model servers, deployments that switch between them, requests and what is captured."""
