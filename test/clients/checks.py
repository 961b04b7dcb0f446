"""Named checks of the programs beside this file: a line of JSON each, for the test that started them.

A program prints nothing else. One that ends early ends with an error, so that no check is missed in silence.
"""

import json
import sys
import traceback
from contextlib import contextmanager

_output = sys.stdout


@contextmanager
def check(title):
    """What stands in the block must hold; whether it does is told under the title."""
    error = None
    try:
        yield
    except Exception:
        error = traceback.format_exc()
    _output.write(json.dumps({"title": title, "error": error}) + "\n")


def report_operations(names):
    """Tells which operations of the API were called."""
    _output.write(json.dumps({"operations": sorted(names)}) + "\n")
