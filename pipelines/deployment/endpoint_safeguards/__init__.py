"""The Lambda function of the deployment steps. Standard library and boto3 only; it imports nothing but itself."""
