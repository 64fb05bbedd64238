"""`python -m cli`, which is how the embedded stack starts its children: no console script has to be on a path."""

from cli.main import main

main()
