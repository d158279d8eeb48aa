"""The reader: formats, modes, orientation, limits and bad files, on bytes encoded here."""

import hashlib
import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.images.encoded import (
    FORMATS,
    LOSSLESS,
    SAMPLES,
    TOLERANCE,
    chunk,
    drawn,
    plain,
    raw_png,
    raw_tiff,
    saved,
    segment,
    srgb_profile,
    swapped_profile,
    with_chunks,
    with_segments,
)
from vov_core.errors import (
    BrokenPhotoError,
    EmptyFileError,
    FileTooLargeError,
    NotAPhotoError,
    PhotoError,
    TooManyPixelsError,
    TooSmallError,
)
from vov_core.images import Photo, ReadLimits, read_photo


def difference(photo: Photo, expected: np.ndarray) -> int:
    assert photo.pixels.shape == expected.shape
    return int(np.abs(photo.pixels.astype(int) - expected.astype(int)).max())


# ---- formats ----


@pytest.mark.parametrize("format", FORMATS)
def test_reads_format(format: str) -> None:
    data = plain(format)
    photo = read_photo(data)
    assert photo.format == format
    assert difference(photo, drawn()) <= TOLERANCE.get(format, 0)
    assert (photo.width, photo.height) == (64, 48)
    assert photo.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.notices == ()
    assert photo.metadata == ()


@pytest.mark.parametrize("format", FORMATS)
def test_pixels_are_contiguous_and_read_only(format: str) -> None:
    pixels = read_photo(plain(format)).pixels
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0, 0] = 1


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.jpg")), ids=lambda p: p.stem)
def test_reads_sample_as_pillow_does(path) -> None:
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert difference(read_photo(path.read_bytes()), expected) == 0


def test_mpo_uses_first_picture() -> None:
    first, second = Image.fromarray(drawn()), Image.new("RGB", (64, 48), "red")
    buffer = io.BytesIO()
    first.save(buffer, "MPO", save_all=True, append_images=[second], quality=95, subsampling=0)
    photo = read_photo(buffer.getvalue())
    assert photo.format == "JPEG"
    assert photo.notices == ("first_frame",)
    assert difference(photo, drawn()) <= TOLERANCE["JPEG"]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_several_frames_give_the_first(format: str) -> None:
    frames = [Image.new("RGB", (32, 24), c) for c in ((10, 200, 30), (255, 0, 0), (0, 0, 255))]
    data = saved(frames[0], format, save_all=True, append_images=frames[1:])
    photo = read_photo(data)
    assert photo.format == format
    assert "first_frame" in photo.notices
    assert difference(photo, np.full((24, 32, 3), (10, 200, 30), np.uint8)) <= 8
    assert "thumbnail" not in photo.metadata


def test_heif_uses_primary_picture() -> None:
    import pillow_heif

    file = pillow_heif.from_pillow(Image.new("RGB", (64, 48), "red"))
    file.add_from_pillow(Image.fromarray(drawn()))
    buffer = io.BytesIO()
    file.save(buffer, primary_index=1, quality=95, chroma=444)
    photo = read_photo(buffer.getvalue())
    assert photo.notices == ("first_frame",)
    assert difference(photo, drawn()) <= TOLERANCE["HEIF"]


def test_avif_sequence_that_libheif_refuses() -> None:
    frames = [Image.new("RGB", (32, 24), c) for c in ((10, 200, 30), (255, 0, 0))]
    data = saved(
        frames[0], "AVIF", save_all=True, append_images=frames[1:], icc_profile=srgb_profile()
    )
    photo = read_photo(data.replace(b"pitm", b"free"))
    assert photo.notices == ("first_frame",)
    assert photo.metadata == ("icc",)
    assert difference(photo, np.full((24, 32, 3), (10, 200, 30), np.uint8)) <= 8


def test_later_frames_are_not_decoded() -> None:
    frames = [Image.fromarray(drawn()), Image.fromarray(drawn()[::-1].copy())]
    data = bytearray(saved(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    at = data.index(b"fdAT") + 12
    data[at : at + 20] = bytes(20)
    assert difference(read_photo(bytes(data)), drawn()) == 0


def test_progressive_jpeg() -> None:
    jpeg = saved(drawn(), "JPEG", quality=95, subsampling=0, progressive=True)
    assert difference(read_photo(jpeg), drawn()) <= TOLERANCE["JPEG"]


def test_big_tiff() -> None:
    assert difference(read_photo(saved(drawn(), "TIFF", big_tiff=True)), drawn()) == 0


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_compressed_tiff(compression: str) -> None:
    photo = read_photo(saved(drawn(), "TIFF", compression=compression))
    assert difference(photo, drawn()) <= (30 if compression == "jpeg" else 0)


# ---- orientation ----


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_applied(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(drawn(), format, exif=exif, **LOSSLESS[format])
    upright = Image.fromarray(drawn())
    upright.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(upright))
    photo = read_photo(data)
    assert difference(photo, expected) <= TOLERANCE.get(format, 0)
    assert "orientation_ignored" not in photo.notices


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heif_rotation_is_applied_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved_heif_with_exif(drawn(), exif.tobytes())
    upright = Image.fromarray(drawn())
    upright.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(upright))
    assert (b"irot" in data or b"imir" in data) == (orientation > 1)
    assert difference(read_photo(data), expected) <= TOLERANCE["HEIF"]


def saved_heif_with_exif(pixels: np.ndarray, exif: bytes) -> bytes:
    """A HEIF whose container repeats the orientation of its EXIF, as cameras write it."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "HEIF", exif=exif, quality=95, chroma=444)
    return buffer.getvalue()


@pytest.mark.parametrize("value", [0, 9, 255, 65_535])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_invalid_orientation_is_told(format: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    photo = read_photo(saved(drawn(), format, exif=exif, **LOSSLESS[format]))
    assert "orientation_ignored" in photo.notices
    assert difference(photo, drawn()) <= TOLERANCE.get(format, 0)


def test_orientation_of_a_wrong_type_is_told() -> None:
    exif = Image.Exif()
    exif[0x0112] = "6"
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHI4sI", 1, 0x0112, 2, 2, b"6\0\0\0", 0)
    photo = read_photo(with_segments(plain("JPEG"), segment(0xE1, b"Exif\0\0" + tiff)))
    assert photo.notices == ("orientation_ignored",)


# ---- modes ----


def test_greyscale_and_one_bit() -> None:
    grey = Image.fromarray(drawn()).convert("L")
    expected = np.asarray(grey.convert("RGB"))
    assert difference(read_photo(saved(grey, "PNG")), expected) == 0
    assert difference(read_photo(saved(grey, "JPEG", quality=95)), expected) <= 6
    bits = grey.convert("1")
    assert difference(read_photo(saved(bits, "PNG")), np.asarray(bits.convert("RGB"))) == 0
    assert difference(read_photo(saved(bits, "TIFF")), np.asarray(bits.convert("RGB"))) == 0


def half_clear() -> tuple[Image.Image, np.ndarray]:
    """A picture that fades out to the right, and what it looks like on white."""
    alpha = np.tile(np.linspace(255, 0, 64).astype(np.uint8), (48, 1))
    image = Image.fromarray(np.dstack([drawn(), alpha]))
    share = alpha[..., None] / 255
    return image, np.rint(drawn() * share + 255 * (1 - share)).astype(np.uint8)


@pytest.mark.parametrize(
    ("format", "options", "tolerance"),
    [("PNG", {}, 1), ("WEBP", {"lossless": True, "exact": True}, 1), ("TIFF", {}, 1),
     ("AVIF", {"quality": 95, "speed": 10}, 16), ("HEIF", {"quality": 95, "chroma": 444}, 16)],
)  # fmt: skip
def test_transparency_is_laid_on_white(format: str, options: dict, tolerance: int) -> None:
    image, expected = half_clear()
    photo = read_photo(saved(image, format, **options))
    assert photo.notices == ("alpha_flattened",)
    assert difference(photo, expected) <= tolerance


def test_opaque_alpha_is_not_told() -> None:
    photo = read_photo(saved(Image.fromarray(drawn()).convert("RGBA"), "PNG"))
    assert photo.notices == ()
    assert difference(photo, drawn()) == 0


def test_grey_with_alpha() -> None:
    image, _ = half_clear()
    photo = read_photo(saved(image.convert("LA"), "PNG"))
    grey = np.asarray(image.convert("LA")).astype(float)
    expected = grey[..., 0] * grey[..., 1] / 255 + 255 - grey[..., 1]
    assert photo.notices == ("alpha_flattened",)
    assert np.abs(photo.pixels[..., 1] - expected).max() <= 1


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(format: str) -> None:
    image = Image.fromarray(drawn()).quantize(64)
    expected = np.asarray(image.convert("RGB"))
    assert difference(read_photo(saved(image, format)), expected) == 0


@pytest.mark.parametrize("clear", [3, bytes([255, 0, 128] + [255] * 61)], ids=["one", "table"])
def test_palette_with_transparency(clear: int | bytes) -> None:
    image = Image.fromarray(drawn()).quantize(64)
    photo = read_photo(saved(image, "PNG", transparency=clear))
    hidden = 3 if isinstance(clear, int) else 1
    where = np.asarray(image) == hidden
    assert where.any()
    assert (photo.pixels[where] == 255).all()
    assert "alpha_flattened" in photo.notices


def test_gif_with_transparency() -> None:
    image = Image.fromarray(drawn()).quantize(64)
    photo = read_photo(saved(image, "GIF", transparency=7))
    assert (photo.pixels[np.asarray(image) == 7] == 255).all()


@pytest.mark.parametrize("depth", [8, 16])
def test_clear_colour_of_rgb_png(depth: int) -> None:
    pixels = drawn(16, 12)
    pixels[2:5, 2:5] = (10, 20, 30)
    wide = pixels.astype(">u2") * 257 if depth == 16 else pixels
    clear = struct.pack(">HHH", *(v * (257 if depth == 16 else 1) for v in (10, 20, 30)))
    photo = read_photo(raw_png(16, 12, depth, 2, wide.tobytes(), chunk(b"tRNS", clear)))
    assert (photo.pixels[2:5, 2:5] == 255).all()
    assert (photo.pixels[6:] == pixels[6:]).all()
    assert "alpha_flattened" in photo.notices


def test_clear_level_of_deep_grey_png() -> None:
    levels = np.arange(16 * 12).reshape(12, 16) * 300
    clear = chunk(b"tRNS", struct.pack(">H", int(levels[5, 5])))
    photo = read_photo(raw_png(16, 12, 16, 0, levels.astype(">u2").tobytes(), clear))
    assert (photo.pixels[5, 5] == 255).all()
    assert photo.pixels[5, 6, 0] == round(int(levels[5, 6]) / 257)
    assert photo.notices == ("alpha_flattened", "depth_reduced")


def test_cmyk_jpeg_of_adobe() -> None:
    image = Image.fromarray(drawn()).convert("CMYK")
    data = saved(image, "JPEG", quality=98, subsampling=0)
    assert b"Adobe" in data
    photo = read_photo(data)
    assert difference(photo, np.asarray(image.convert("RGB"))) <= 10


def test_cmyk_jpeg_of_others_is_not_turned_over() -> None:
    image = Image.fromarray(drawn()).convert("CMYK")
    data = saved(image, "JPEG", quality=98, subsampling=0)
    start = data.index(b"\xff\xee")
    without = data[:start] + data[start + 16 :]
    upside_down = np.asarray(Image.eval(image, lambda v: 255 - v).convert("RGB"))
    assert difference(read_photo(without), upside_down) <= 10


def test_ycck_jpeg() -> None:
    # The same four components, said to be YCCK: libjpeg turns the first three into CMY.
    ycck = np.zeros((48, 64, 4), np.uint8)
    ycck[..., 0] = np.arange(64) * 4
    ycck[..., 1:3] = 128
    ycck[..., 3] = 255
    data = saved(Image.fromarray(255 - ycck, "CMYK"), "JPEG", quality=98, subsampling=0)
    flag = data.index(b"Adobe") + 11
    marked = data[:flag] + b"\x02" + data[flag + 1 :]
    expected = cv2.imdecode(np.frombuffer(marked, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.ptp(expected) > 200
    assert difference(read_photo(marked), expected) <= 3


def test_cmyk_tiff_and_lab_tiff() -> None:
    cmyk = Image.fromarray(drawn()).convert("CMYK")
    assert difference(read_photo(saved(cmyk, "TIFF")), np.asarray(cmyk.convert("RGB"))) == 0
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    soft = (drawn() // 2 + 64).astype(np.uint8)
    lab = to_lab.apply(Image.fromarray(soft))
    del lab.info["icc_profile"]
    assert difference(read_photo(saved(lab, "TIFF")), soft) <= 12


def test_sixteen_bit_grey_is_scaled() -> None:
    levels = np.linspace(0, 65_535, 64 * 48).reshape(48, 64).astype(np.uint16)
    expected = np.rint(levels / 257)[..., None].repeat(3, axis=2).astype(np.uint8)
    for format in ("PNG", "TIFF"):
        photo = read_photo(saved(Image.fromarray(levels), format))
        assert difference(photo, expected) <= 1
        assert photo.notices == ("depth_reduced",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_tiff_with_white_at_zero(order: str) -> None:
    levels = np.linspace(0, 65_535, 16 * 12).reshape(12, 16).astype(order + "u2")
    tags = {256: (3, 16), 257: (3, 12), 258: (3, 16), 259: (3, 1), 277: (3, 1), 278: (3, 12)}
    black = read_photo(raw_tiff(tags | {262: (3, 1)}, levels.tobytes(), order))
    assert difference(black, np.rint(levels / 257).astype(np.uint8)[..., None].repeat(3, 2)) <= 1
    if order == "<":  # Pillow knows no big-endian one.
        white = read_photo(raw_tiff(tags | {262: (3, 0)}, levels.tobytes(), order))
        assert (white.pixels.astype(int) + black.pixels == 255).all()


def test_twelve_bit_tiff_uses_the_whole_range() -> None:
    values = np.linspace(0, 4095, 16 * 12).astype(int).tolist()
    packed = b"".join(
        bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
        for a, b in zip(values[::2], values[1::2], strict=True)
    )
    tags = {256: (3, 16), 257: (3, 12), 258: (3, 12), 259: (3, 1), 262: (3, 1), 277: (3, 1),
            278: (3, 12)}  # fmt: skip
    photo = read_photo(raw_tiff(tags, packed))
    expected = (np.array(values) / 4095 * 255).reshape(12, 16)
    assert np.abs(photo.pixels[..., 0] - expected).max() <= 1


@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (6, 4), (4, 2)])
def test_sixteen_bit_png_with_colour_or_alpha(colour: int, channels: int) -> None:
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 65_536, (12, 16, channels), dtype=np.uint16)
    if channels in (2, 4):
        deep[..., -1] = 65_535
    photo = read_photo(raw_png(16, 12, 16, colour, deep.astype(">u2").tobytes()))
    assert photo.notices == ("depth_reduced",)
    colours = deep[..., :3] if channels > 2 else deep[..., :1].repeat(3, axis=2)
    assert difference(photo, (colours / 257).astype(np.uint8)) <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_colour_tiff(order: str) -> None:
    deep = np.random.default_rng(2).integers(0, 65_536, (12, 16, 3), dtype=np.uint16)
    tags = {256: (3, 16), 257: (3, 12), 258: (3, (16, 16, 16)), 259: (3, 1), 262: (3, 2),
            277: (3, 3), 278: (3, 12)}  # fmt: skip
    photo = read_photo(raw_tiff(tags, deep.astype(order + "u2").tobytes(), order))
    assert photo.notices == ("depth_reduced",)
    assert difference(photo, (deep / 257).astype(np.uint8)) <= 1


def test_ten_bit_heif() -> None:
    import pillow_heif

    deep = drawn().astype(np.uint16) * 257
    file = pillow_heif.from_bytes("RGB;16", (64, 48), deep.tobytes())
    buffer = io.BytesIO()
    file.save(buffer, quality=95, chroma=444)
    photo = read_photo(buffer.getvalue())
    assert photo.notices == ("depth_reduced",)
    assert difference(photo, drawn()) <= TOLERANCE["HEIF"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(0, 1, 192, dtype=np.float32), np.linspace(0, 255, 192)),
        (np.linspace(0, 200, 192, dtype=np.float32), np.linspace(0, 200, 192)),
        (np.linspace(0, 65_535, 192, dtype=np.float32), np.linspace(0, 255, 192)),
        (np.linspace(-5, 5, 192, dtype=np.float32), np.linspace(0, 255, 192)),
        (np.linspace(0, 1e20, 192, dtype=np.float32), np.linspace(0, 255, 192)),
        (np.linspace(0, 65_535, 192).astype(np.int32), np.linspace(0, 255, 192)),
        (np.zeros(192, np.float32), np.zeros(192)),
    ],
    ids=["unit", "byte", "word", "signed", "huge", "int32", "black"],
)
def test_float_and_wide_tiff_is_scaled(values: np.ndarray, expected: np.ndarray) -> None:
    photo = read_photo(saved(Image.fromarray(values.reshape(12, 16)), "TIFF"))
    assert np.abs(photo.pixels[..., 2].ravel() - expected).max() <= 1
    assert photo.notices == ("depth_reduced",)


def test_float_tiff_with_holes() -> None:
    values = np.linspace(0, 1, 192, dtype=np.float32).reshape(12, 16)
    values[0, :3] = (np.nan, np.inf, -np.inf)
    photo = read_photo(saved(Image.fromarray(values), "TIFF"))
    assert (photo.pixels[0, :3] == 0).all()
    assert photo.pixels[-1, -1, 0] == 255


# ---- colour profiles ----


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_profile_is_converted(format: str) -> None:
    profile = swapped_profile()
    data = saved(drawn(), format, icc_profile=profile, **LOSSLESS[format])
    if format == "HEIF":
        image = Image.fromarray(drawn())
        image.info["icc_profile"] = profile
        data = saved(image, format, **LOSSLESS[format])
    expected = ImageCms.profileToProfile(
        Image.fromarray(drawn()),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
    )
    photo = read_photo(data)
    assert "icc" in photo.metadata
    assert photo.notices == ()
    assert difference(photo, np.asarray(expected)) <= TOLERANCE.get(format, 0) * 6
    assert difference(photo, drawn()) > 60


def test_srgb_profile_changes_nothing() -> None:
    photo = read_photo(saved(drawn(), "PNG", icc_profile=srgb_profile()))
    assert photo.metadata == ("icc",)
    assert difference(photo, drawn()) == 0


@pytest.mark.parametrize("profile", [b"no profile", srgb_profile()[:200], bytes(400)])
def test_broken_profile_is_passed_over(profile: bytes) -> None:
    photo = read_photo(saved(drawn(), "PNG", icc_profile=profile))
    assert difference(photo, drawn()) == 0
    assert photo.notices == ("metadata_unreadable",)


def test_profile_of_another_kind_is_passed_over() -> None:
    grey = Image.fromarray(drawn()).convert("L")
    photo = read_photo(saved(grey, "PNG", icc_profile=srgb_profile()))
    assert difference(photo, np.asarray(grey.convert("RGB"))) == 0


def test_unpackable_profile_is_passed_over() -> None:
    png = with_chunks(plain("PNG"), chunk(b"iCCP", b"x\0\0not deflated"))
    photo = read_photo(png)
    assert photo.metadata == ("icc",)
    assert photo.notices == ("metadata_unreadable",)
    bomb = with_chunks(plain("PNG"), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(40 << 20))))
    assert read_photo(bomb).notices == ("metadata_unreadable",)


# ---- limits ----


def test_no_bytes() -> None:
    with pytest.raises(EmptyFileError):
        read_photo(b"")


def test_too_many_bytes() -> None:
    with pytest.raises(FileTooLargeError) as caught:
        read_photo(plain("JPEG") + bytes(31 << 20))
    assert caught.value.details == {"size_mb": 31.0, "limit_mb": 30.0}


@pytest.mark.parametrize("format", FORMATS)
def test_too_many_pixels(format: str) -> None:
    with pytest.raises(TooManyPixelsError):
        read_photo(plain(format), ReadLimits(max_pixels=64 * 48 - 1))
    assert read_photo(plain(format), ReadLimits(max_pixels=64 * 48)).width == 64


@pytest.mark.parametrize("side", [9_000, 30_000, 2**31 - 1])
def test_bomb_is_never_decoded(side: int) -> None:
    bomb = raw_png(side, 1, 8, 0, bytes(8))
    bomb = bomb[:16] + struct.pack(">II", side, side) + bomb[24:29]
    bomb += struct.pack(">I", zlib.crc32(bomb[12:29])) + plain("PNG")[33:]
    start = time.perf_counter()
    with pytest.raises(TooManyPixelsError) as caught:
        read_photo(bomb)
    assert time.perf_counter() - start < 1
    assert caught.value.details["megapixels"] == round(side * side / 1e6, 1)


def test_gif_frame_larger_than_its_screen() -> None:
    frame = b"," + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0)
    gif = b"GIF89a" + struct.pack("<HHBBB", 64, 48, 0x80, 0, 0) + bytes(6) + frame + b"\x02\0;"
    with pytest.raises(TooManyPixelsError):
        read_photo(gif)


@pytest.mark.parametrize(
    "filling", [b"", b"\xff\x01", b"\xff\xff", b"junk", b"\xff\xfe\0\x04\xff\xd9"]
)
def test_jpeg_of_endless_scans(filling: bytes) -> None:
    jpeg = saved(drawn(), "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    with pytest.raises(BrokenPhotoError):
        read_photo(jpeg[:-2] + (filling + scan) * 600 + jpeg[-2:])


def test_film_behind_a_jpeg_does_not_count() -> None:
    film = np.random.default_rng(0).bytes(2_000_000) + b"\xff\xda" * 1_000
    photo = read_photo(plain("JPEG") + film)
    assert difference(photo, drawn()) <= TOLERANCE["JPEG"]
    assert photo.notices == ()


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7)])
def test_too_small(size: tuple[int, int]) -> None:
    with pytest.raises(TooSmallError) as caught:
        read_photo(saved(Image.new("RGB", size), "PNG"))
    assert caught.value.details == {"width": size[0], "height": size[1], "limit": 8}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_long_and_narrow(format: str) -> None:
    photo = read_photo(saved(Image.new("RGB", (20_000, 20), (5, 100, 200)), format))
    assert (photo.width, photo.height) == (20_000, 20)


def test_decoder_settings_of_the_process_stay() -> None:
    before = Image.MAX_IMAGE_PIXELS
    for format in FORMATS:
        read_photo(plain(format))
    assert before == Image.MAX_IMAGE_PIXELS


# ---- bad files ----

NOT_PHOTOS = {
    "text": b"This is a letter, not a photo.\n" * 40,
    "bmw": b"BMW is a car and this is text about it. " * 5,
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "psd": b"8BPS\0\1" + bytes(60),
    "ico": b"\0\0\1\0\1\0" + bytes(60),
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(60),
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60),
    "zip": b"PK\x03\x04" + bytes(60),
    "wav": b"RIFF\x24\0\0\0WAVEfmt " + bytes(60),
    "short": b"\xff",
    "zeros": bytes(100),
}


@pytest.mark.parametrize("name", NOT_PHOTOS)
def test_other_files_are_no_photos(name: str) -> None:
    with pytest.raises(NotAPhotoError):
        read_photo(NOT_PHOTOS[name])


@pytest.mark.parametrize("extra", [{254: (4, 1)}, {50706: (1, (1, 4, 0, 0))}], ids=["nef", "dng"])
def test_raw_camera_files_are_refused(extra: dict) -> None:
    tags = {256: (3, 16), 257: (3, 12), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1),
            278: (3, 12)}  # fmt: skip
    assert read_photo(raw_tiff(tags, bytes(192))).width == 16
    with pytest.raises(NotAPhotoError):
        read_photo(raw_tiff(tags | extra, bytes(192)))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_cut_off_files_are_broken(format: str, share: float) -> None:
    data = plain(format, 200, 150)
    with pytest.raises(BrokenPhotoError):
        read_photo(data[: max(20, int(len(data) * share))])


def test_cut_off_photo_is_broken_at_every_tenth_byte() -> None:
    for format in ("JPEG", "PNG"):
        data = plain(format)
        for end in range(24, len(data) - 12, 10):
            with pytest.raises(BrokenPhotoError):
                read_photo(data[:end])


def test_damaged_png_data_is_broken() -> None:
    data = bytearray(plain("PNG"))
    data[data.index(b"IDAT") + 30] ^= 0xFF
    with pytest.raises(BrokenPhotoError):
        read_photo(bytes(data))


def test_header_alone_is_broken() -> None:
    for head in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0\x08\0\0\0",
                 b"RIFF\x04\0\0\0WEBP", b"\0\0\0\x14ftypheic\0\0\0\0heic",
                 b"\0\0\0\x14ftypavif\0\0\0\0avif"):  # fmt: skip
        with pytest.raises(BrokenPhotoError):
            read_photo(head)


def test_greedy_tiff_directory_is_refused() -> None:
    # 2,000 entries, each of which claims all of the file.
    entry = struct.pack("<HHII", 0x9999, 7, 60_000, 8)
    entries = b"".join(struct.pack("<H", 40_000 + i) + entry[2:] for i in range(2_000))
    tiff = b"II*\0" + struct.pack("<I", 60_008) + bytes(60_000)
    tiff += struct.pack("<H", 2_000) + entries + bytes(4)
    with pytest.raises(BrokenPhotoError):
        read_photo(tiff)


def test_many_parts_end_in_time() -> None:
    start = time.perf_counter()
    for hostile in (
        with_segments(plain("JPEG"), segment(0xE1, b"Exif\0\0II") * 900_000),
        with_chunks(plain("PNG"), chunk(b"tEXt", b"a\0b") * 900_000),
    ):
        with pytest.raises(PhotoError):
            read_photo(hostile)
    assert time.perf_counter() - start < 10


def test_errors_carry_no_content() -> None:
    with pytest.raises(PhotoError) as caught:
        read_photo(plain("PNG")[:60])
    assert caught.value.details == {"format": "PNG"}
