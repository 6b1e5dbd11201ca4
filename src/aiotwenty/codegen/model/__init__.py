"""The model of the generated package: objects, operations, classes and their names."""
