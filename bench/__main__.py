"""`make bench`: a whole installation under load. `bench.engine` measures the engine alone."""

from bench.load import main

if __name__ == "__main__":
    main()
