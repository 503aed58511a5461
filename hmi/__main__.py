"""``python -m hmi`` is the ``hmi`` command."""

from hmi.cli import main

if __name__ == "__main__":
    main()
