"""Twenty with the tools of data people. Each module imports its library when it is used."""
