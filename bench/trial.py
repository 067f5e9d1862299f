"""One measurement of Fabriclab alone: `python -m bench.trial MODULE FOLDER DESCRIPTOR`, first process of a box.

A trial is a module with `measure(folder) -> {quantity: value}`; the result goes as JSON to DESCRIPTOR.
"""

import importlib
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    found = importlib.import_module(f"bench.{sys.argv[1]}").measure(Path(sys.argv[2]))
    os.write(int(sys.argv[3]), json.dumps(found).encode())
