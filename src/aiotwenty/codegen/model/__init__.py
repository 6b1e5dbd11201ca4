"""What is made of it: objects, operations, classes and their names."""
