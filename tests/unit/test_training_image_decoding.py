"""Pictures of every kind that PNG and JPEG allow come out as RGB squares; all else is refused by name."""

import contextlib
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))  # as in the container: modules at the root

from image_decoding import MAX_PIXELS, ImageUnreadable, decode_image


def encoded(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, image_format, **options)
    return content.getvalue()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)


def test_png_of_the_right_size_keeps_every_pixel() -> None:
    pixels = noise(32, 32, 3)
    assert np.array_equal(decode_image(encoded(Image.fromarray(pixels)), 32), pixels)


@pytest.mark.parametrize("size", [(1, 1), (32, 33), (500, 20), (31, 900)])
def test_any_size_becomes_the_square(size: tuple[int, int]) -> None:
    decoded = decode_image(encoded(Image.new("RGB", size, (10, 200, 30))), 32)
    assert decoded.shape == (32, 32, 3)
    assert decoded.dtype == np.uint8
    assert (decoded == (10, 200, 30)).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "RGB"])
def test_every_png_mode_becomes_rgb(mode: str) -> None:
    image = Image.new("L", (40, 40), 255).convert("I;16" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.full((40, 40), 65535, dtype=np.uint16))
    assert (decode_image(encoded(image), 32) == 255).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_jpeg_mode_becomes_rgb(mode: str) -> None:
    decoded = decode_image(encoded(Image.new("RGB", (64, 64), "white").convert(mode), "JPEG"), 32)
    assert decoded.shape == (32, 32, 3)
    assert decoded.min() > 245


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    image = Image.fromarray(np.full((32, 32), 0x8000, dtype=np.uint16))
    assert (decode_image(encoded(image), 32) == 0x80).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_white(mode: str) -> None:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0)).convert(mode)
    assert (decode_image(encoded(image), 32) == 255).all()


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_the_transparent_colour_of_a_png_without_alpha_is_white(mode: str) -> None:
    image = Image.new(mode, (32, 32), 0)
    transparent = (0, 0, 0) if mode == "RGB" else 0
    assert (decode_image(encoded(image, transparency=transparent), 32) == 255).all()


def test_exif_orientation_is_applied() -> None:
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # turned upside down
    decoded = decode_image(encoded(Image.fromarray(pixels), exif=exif), 32)
    assert np.array_equal(decoded, pixels[::-1])


@pytest.mark.parametrize("body", [b"", b"GIF89a", b"not an image at all", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_bytes_that_are_no_picture_are_refused(body: bytes) -> None:
    with pytest.raises(ImageUnreadable, match=r"empty|not a PNG or JPEG|damaged"):
        decode_image(body, 32)


@pytest.mark.parametrize("image_format", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(image_format: str) -> None:
    with pytest.raises(ImageUnreadable, match="not a PNG or JPEG"):
        decode_image(encoded(Image.new("RGB", (8, 8)), image_format), 32)


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_a_truncated_picture_is_refused_at_every_length(image_format: str) -> None:
    whole = encoded(Image.fromarray(noise(32, 32, 3)), image_format)
    for length in range(1, len(whole) - 60, 97):
        with pytest.raises(ImageUnreadable):
            decode_image(whole[:length], 32)


def test_altered_pixels_are_refused() -> None:
    whole = bytearray(encoded(Image.fromarray(noise(32, 32, 3))))
    whole[len(whole) // 2] ^= 0xFF
    with pytest.raises(ImageUnreadable, match="damaged"):
        decode_image(bytes(whole), 32)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own, of damaged EXIF data
@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_altered_bytes_give_a_picture_or_a_refusal_and_nothing_else(image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    exif[0x829A] = (1, 3)  # exposure time
    whole = encoded(Image.fromarray(noise(16, 16, 3)), image_format, exif=exif)
    random = np.random.default_rng(1)
    for _ in range(400):
        body = bytearray(whole)
        for position in random.integers(0, min(len(body), 250), 3):
            body[position] = random.integers(0, 256)
        with contextlib.suppress(ImageUnreadable):
            assert decode_image(bytes(body), 32).shape == (32, 32, 3)


def test_a_decompression_bomb_is_refused_before_it_unfolds() -> None:
    with pytest.raises(ImageUnreadable, match="too large"):
        decode_image(png_header(30_000, 30_000), 32)
    with pytest.raises(ImageUnreadable, match=f"8000 x 8000 pixels, at most {MAX_PIXELS}"):
        decode_image(png_header(8_000, 8_000), 32)


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))
