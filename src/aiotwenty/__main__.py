"""`python -m aiotwenty`: the command, if the folder of scripts is not on the path."""

from aiotwenty.cli import main

main()
