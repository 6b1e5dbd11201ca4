"""The methods that every object has: reads, writes, walks over all records, and checks after lost responses."""
