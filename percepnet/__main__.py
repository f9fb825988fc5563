"""`python -m percepnet` is the command `percepnet`."""

from percepnet.cli import main

main()
