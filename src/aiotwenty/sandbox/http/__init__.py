"""The server: requests, REST, files, and the order in which things are looked at."""
