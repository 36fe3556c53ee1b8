"""`python -m harmonyhub` is `harmonyhub`."""

from harmonyhub.cli.main import main

main()
