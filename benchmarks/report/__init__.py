"""What lies in build/bench, as a page, as JSON and as a table for docs/performance.md."""
