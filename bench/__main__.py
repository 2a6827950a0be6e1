"""`make bench`: every benchmark, one after the other."""

from bench.load import main

if __name__ == "__main__":
    main()
