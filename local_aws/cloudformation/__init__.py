"""CloudFormation, executed: stacks are made of real resources through this server's own API, and rolled back."""
