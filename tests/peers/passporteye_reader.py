"""PassportEye (PyPI) over tesseract: passporteye_reader.py MODEL MODELS-FOLDER."""

import sys

from passporteye.mrz.image import MRZPipeline
from passporteye.mrz.text import MRZOCRCleaner

from answers import run


def read(file):
    mrz = MRZPipeline(file, f"-l {sys.argv[1]} --tessdata-dir {sys.argv[2]}").result
    if mrz is None:
        return []
    # The rows behind its verdict: cleaned as it does itself, and without what it leaves out at their ends.
    rows = MRZOCRCleaner.apply(mrz.aux["raw_text"])
    count, width = {"TD1": (3, 30), "TD2": (2, 36), "MRVB": (2, 36)}.get(mrz.mrz_type, (2, 44))
    return [row[:width] for row in rows[:count]]


run(read)
