"""`python -m bellrock` is `bellrock`."""

from bellrock.cli import main

main()
