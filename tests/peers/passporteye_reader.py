"""PassportEye (PyPI) over tesseract: passporteye_reader.py MODEL MODELS-FOLDER."""

import sys

from passporteye.mrz.image import MRZPipeline
from passporteye.mrz.text import MRZOCRCleaner

from answers import run


def read(file):
    mrz = MRZPipeline(file, f"-l {sys.argv[1]} --tessdata-dir {sys.argv[2]}").result
    if mrz is None:
        return []
    # The rows behind its verdict, cleaned as it does itself.
    return MRZOCRCleaner.apply(mrz.aux["raw_text"])


run(read)
