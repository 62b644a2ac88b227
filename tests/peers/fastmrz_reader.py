"""fastmrz (PyPI) over tesseract and an OCR-B model: fastmrz_reader.py MODELS-FOLDER."""

import sys

import cv2
from fastmrz import FastMRZ

from answers import run

cv2.setNumThreads(1)
reader = FastMRZ(tessdata_path=sys.argv[1])


def read(file):
    # In colour whatever the file holds: it takes nothing else.
    picture = cv2.imread(file, cv2.IMREAD_COLOR)
    return reader.get_details(picture, input_type="numpy", ignore_parse=True).split("\n")


run(read)
