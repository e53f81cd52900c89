"""What tells EventBridge of things that happen in other services, one module a service.

Each builds the event that the service documents and hands it to `EventBridge.publish`.
"""
