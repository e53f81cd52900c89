"""The inference workflow from outside: deployed, asked, and its doubts reviewed."""
