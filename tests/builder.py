"""What the scripts that build and run the tests have in common."""
import os


def say(text=""):
    print(text, flush=True)


def tool(name):
    """Debian's own first: another Python's meson may come earlier in PATH."""
    own = "/usr/bin/" + name
    return own if os.access(own, os.X_OK) else name
