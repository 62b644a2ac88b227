"""Tesseract (Debian) alone: tesseract_reader.py MODEL MODELS-FOLDER."""

import subprocess
import sys

from answers import run, zone_rows


def read(file):
    words = ["tesseract", file, "-", "-l", sys.argv[1], "--tessdata-dir", sys.argv[2], "--psm", "6"]
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    return zone_rows(said.stdout)


run(read)
