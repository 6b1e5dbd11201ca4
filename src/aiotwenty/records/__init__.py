"""The calls that every object has: reading, writing, walks over all records, and looking for lost writes."""
