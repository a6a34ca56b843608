"""Archives have what they should, and the same bytes each time."""

import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

import pack


class Pack(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.content = self.folder / "tool-1.0"
        (self.content / "man").mkdir(parents=True)
        (self.content / "bootstrap").write_text("#!/bin/sh\n")
        (self.content / "bootstrap").chmod(0o700)
        (self.content / "man/tool.1").write_text(".TH tool 1\n")
        os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
        self.addCleanup(os.environ.pop, "SOURCE_DATE_EPOCH")

    def packed(self, name):
        pack.main([str(self.content), str(self.folder / name)])
        return self.folder / name

    def test_a_tar_has_the_directory_and_the_modes(self):
        with tarfile.open(self.packed("tool.tar.gz")) as archive:
            modes = {entry.name: (entry.mode, entry.uid, entry.mtime) for entry in archive}
        self.assertEqual(modes["tool-1.0/bootstrap"], (0o755, 0, 1700000000))
        self.assertEqual(modes["tool-1.0/man/tool.1"], (0o644, 0, 1700000000))

    def test_a_zip_has_the_executable_at_its_root(self):
        with zipfile.ZipFile(self.packed("tool.zip")) as archive:
            self.assertEqual(archive.infolist()[0].filename, "bootstrap")
            self.assertEqual(archive.infolist()[0].external_attr >> 16, 0o100755)

    def test_the_bytes_do_not_depend_on_the_time(self):
        for name in ("tool.tar.gz", "tool.zip"):
            first = self.packed(name).read_bytes()
            os.utime(self.content / "bootstrap", (1, 1))
            self.assertEqual(self.packed(name).read_bytes(), first, name)

    def test_the_sums_can_be_checked(self):
        dist = self.folder / "dist"
        dist.mkdir()
        (dist / "a.zip").write_text("a")
        pack.main(["--sums", str(dist)])
        pack.main(["--sums", str(dist)])
        self.assertEqual(len((dist / "SHA256SUMS").read_text().splitlines()), 1)
        program = ["sha256sum"] if shutil.which("sha256sum") else ["shasum", "--algorithm", "256"]
        checked = subprocess.run([*program, "--check", "SHA256SUMS"], cwd=dist, capture_output=True, text=True)
        self.assertEqual(checked.stdout, "a.zip: OK\n")
