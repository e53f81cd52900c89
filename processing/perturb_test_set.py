"""PerturbTestSet: the test images, and copies of a sample of them with small changes, for one transform to score.

The behaviour tests ask the candidate through the container that would serve it, as the test set does; so the
changed pictures must go through the same batch transform.
"""

import argparse
import io
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from processing.exit_message import run_script
from processing.image_digest import pixel_sha256
from processing.image_files import read_images
from processing.image_list import read_image_list
from processing.perturbations import PERTURBATIONS, perturbed_name, sampled_rows
from processing.staged_output import staged_folder

IMAGES = "images"


def perturb(test_dir: Path, test_lst_dir: Path, output_dir: Path) -> tuple[int, int]:
    """Write `images` under output_dir; how many test images there are, and how many perturbed copies.

    Raises a ProcessingFailure named for what is wrong with list, images or disk; then nothing is left.
    """
    listed = read_image_list(test_lst_dir / "test.lst")
    pictures = read_images(test_dir, listed)
    rows = sampled_rows([pixel_sha256(picture) for picture in pictures])
    with staged_folder(output_dir, (IMAGES,)) as staging:
        (staging / IMAGES).mkdir()
        for image in listed:
            shutil.copyfile(test_dir / image.file_name, staging / IMAGES / image.file_name)
        for row in rows:
            for name, change in PERTURBATIONS.items():
                encoded = io.BytesIO()
                Image.fromarray(change(pictures[row])).save(encoded, "PNG", compress_level=1)
                target = staging / IMAGES / perturbed_name(listed[row].file_name, name)
                target.write_bytes(encoded.getbuffer())
    return len(listed), len(rows) * len(PERTURBATIONS)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m processing.perturb_test_set", description=__doc__)
    parser.add_argument("--test-dir", type=Path, required=True, help="the test pictures")
    parser.add_argument("--test-lst-dir", type=Path, required=True, help="folder with test.lst")
    parser.add_argument("--output-dir", type=Path, required=True, help="where images/ is written")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)

    def script() -> None:
        images, copies = perturb(options.test_dir, options.test_lst_dir, options.output_dir)
        print(f"{images} test images and {copies} perturbed copies: {', '.join(PERTURBATIONS)}")

    return run_script(script)


if __name__ == "__main__":
    sys.exit(main())
