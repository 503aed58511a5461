"""``python -m simulators``: the command line of serve.py."""

from simulators.serve import main

raise SystemExit(main())
