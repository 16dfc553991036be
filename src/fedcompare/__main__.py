"""`python -m fedcompare`."""

from fedcompare.cli.main import main

if __name__ == "__main__":
    main()
