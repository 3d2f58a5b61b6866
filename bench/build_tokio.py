#!/usr/bin/env python3
"""Build the server on Tokio from Debian's packages, without the network.

usage: build_tokio.py OUTPUT

Debian keeps the sources of crates in one folder, for its own compiler; another
one may come earlier in PATH.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CRATES = "/usr/share/cargo/registry"
CONFIG = f"""[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "{CRATES}"
"""


def main():
    output = Path(sys.argv[1]).resolve()
    source = Path(__file__).resolve().parent / "tokio"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        work = Path(folder) / "tokio"       # cargo writes beside Cargo.toml
        shutil.copytree(source, work)
        (Path(folder) / "config.toml").write_text(CONFIG)
        env = {**os.environ, "CARGO_HOME": folder, "RUSTC": "/usr/bin/rustc",
               "CARGO_TARGET_DIR": str(Path(folder) / "target")}
        env = {name: text for name, text in env.items()
               if name not in ("RUSTFLAGS", "RUSTC_WRAPPER",
                               "RUSTUP_TOOLCHAIN")}
        built = subprocess.run(["/usr/bin/cargo", "build", "--release",
                                "--offline", "--quiet"], cwd=work, env=env)
        if built.returncode == 0:
            shutil.copy2(Path(folder) / "target/release/echo_tokio", output)
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
