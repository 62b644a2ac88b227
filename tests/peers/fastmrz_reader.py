"""fastmrz (PyPI) over tesseract and an OCR-B model: fastmrz_reader.py MODELS-FOLDER."""

import sys

import cv2
from fastmrz import FastMRZ

from answers import run

cv2.setNumThreads(1)
reader = FastMRZ(tessdata_path=sys.argv[1])


def read(file):
    return reader.get_details(file, ignore_parse=True).split("\n")


run(read)
