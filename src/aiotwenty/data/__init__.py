"""Twenty for data tools. Each module imports its library when it is used."""
