"""What happens to records: reading, writing, grouping, and the values they hold."""
