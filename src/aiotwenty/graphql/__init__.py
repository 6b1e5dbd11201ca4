"""The language that requests are written in: what schemas, documents and answers are made of."""
