"""Packs a directory: `python3 release/pack.py DIRECTORY FILE.tar.gz`, `… FILE.zip`, or `… --sums DIRECTORY`.

The content alone decides about the bytes: names are sorted, files belong to nobody, and their time is SOURCE_DATE_EPOCH.
A tar has the directory at its root. A zip has the files at its root, as Lambda wants them.
"""

import gzip
import hashlib
import os
import pathlib
import sys
import tarfile
import time
import zipfile

# The earliest time that a zip can hold.
EARLIEST = 315532800


def moment():
    return max(int(os.environ.get("SOURCE_DATE_EPOCH", EARLIEST)), EARLIEST)


def files(directory):
    """The files below a directory, each with whether it is executable."""
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        yield path, 0o755 if path.stat().st_mode & 0o100 else 0o644


def tar(directory, target):
    # gzip would write the name of the file and the current time into its header.
    with open(target, "wb") as raw, gzip.GzipFile("", "wb", mtime=moment(), fileobj=raw) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path, mode in files(directory):
                entry = tarfile.TarInfo(f"{directory.name}/{path.relative_to(directory).as_posix()}")
                entry.size, entry.mode, entry.mtime = path.stat().st_size, mode, moment()
                with path.open("rb") as content:
                    archive.addfile(entry, content)


def zip_(directory, target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, mode in files(directory):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), time.gmtime(moment())[:6])
            # Made on Unix: the upper half of the attributes is the mode of a regular file.
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def sums(directory):
    """Writes SHA256SUMS, which `sha256sum --check` and `shasum --check` read."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (directory / "SHA256SUMS").write_text("".join(lines))


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    if arguments[0] == "--sums":
        sums(pathlib.Path(arguments[1]))
        return
    directory, target = map(pathlib.Path, arguments)
    (zip_ if target.suffix == ".zip" else tar)(directory, target)


if __name__ == "__main__":
    main(sys.argv[1:])
