"""rapidocr (PyPI): a general reader of text; its models are in its package."""

import cv2
from rapidocr_onnxruntime import RapidOCR

from answers import run, zone_rows

cv2.setNumThreads(1)
reader = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)


def read(file):
    found, _ = reader(file)
    lines = sorted(found or [], key=lambda box: min(point[1] for point in box[0]))
    return zone_rows("\n".join(text for _, text, _ in lines))


run(read)
