"""Is this project ready for AWS? What can be told without AWS, and what the account itself says."""
