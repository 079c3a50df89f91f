"""`python -m distributor` is `distributor`."""

from distributor.cli import main

if __name__ == "__main__":
    main()
