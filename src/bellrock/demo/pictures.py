"""The shop's pictures, drawn by code: a large PNG scene per page, and a small SVG per product.

The scene is a PNG with a little grain because browsers leave pictures with too few bits per pixel out
of the largest contentful paint:
https://chromium.googlesource.com/chromium/src/+/main/docs/speed/metrics_changelog/2023_04_lcp.md
"""

import struct
import zlib
from colorsys import hls_to_rgb
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bellrock.simulate.catalogue import Product

WIDTH, HEIGHT = 1120, 420
_HORIZON = 0.68
_GRAIN = 5

Pixels = NDArray[np.float64]


@cache
def scene(hue: int) -> bytes:
    """A PNG of 1120 x 420: sea and sky at dusk in `hue` (degrees), a lighthouse and its beam."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    across, down = x / WIDTH, y / HEIGHT
    pixels = _sky(hue, down)
    pixels = _mix(pixels, _colour(hue + 12, 0.24, 0.35), (down > _HORIZON) * (0.55 + 0.45 * down))
    pixels = _mix(pixels, _colour(48, 0.88, 0.9), _beam(across, down))
    pixels = _mix(pixels, _colour(hue, 0.93, 0.25), _tower(across, down))
    grain = np.random.default_rng(hue).integers(-_GRAIN, _GRAIN + 1, (HEIGHT, WIDTH, 1))
    return _png(np.clip(pixels * 255 + grain, 0, 255).astype(np.uint8))


def drawing(product: Product) -> str:
    """An SVG of 240 x 240: a lamp in the colour of the product."""
    hue, key = product.hue, sum(map(ord, product.key))
    half, top, drop = 40 + key % 24, 70 + key % 18, 58 + key % 26
    neck, foot = 120 - half * 0.4, top + drop
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img">'
        f'<rect width="240" height="240" fill="hsl({hue} 32% 93%)"/>'
        f'<ellipse cx="120" cy="208" rx="{half * 1.1}" ry="7" fill="hsl({hue} 22% 84%)"/>'
        f'<path d="M120 0V{top}" stroke="hsl({hue} 12% 35%)" stroke-width="3"/>'
        f'<circle cx="120" cy="{foot + 2}" r="15" fill="hsl(46 95% 78%)"/>'
        f'<path d="M{neck} {top}H{240 - neck}L{120 + half} {foot}H{120 - half}Z" '
        f'fill="hsl({hue} 48% 48%)"/>'
        f'<path d="M{neck} {top}H120V{foot}H{120 - half}Z" fill="hsl({hue} 48% 56%)"/></svg>'
    )


def _sky(hue: int, down: Pixels) -> Pixels:
    upper, lower = _colour(hue, 0.30, 0.42), _colour(hue + 30, 0.82, 0.6)
    return _mix(
        np.broadcast_to(upper, (*down.shape, 3)), lower, np.clip(down / _HORIZON, 0, 1) ** 1.6
    )


def _beam(across: Pixels, down: Pixels) -> Pixels:
    away = 0.715 - across
    spread = np.abs(down - 0.25 - away * 0.12) / (0.02 + np.maximum(away, 0) * 0.22)
    return np.where(away > 0, np.clip(1 - spread, 0, 1) * np.clip(0.75 - away, 0, 1), 0)


def _tower(across: Pixels, down: Pixels) -> Pixels:
    half = 0.012 + 0.016 * np.clip((down - 0.22) / 0.5, 0, 1)
    body = (np.abs(across - 0.73) < half) & (down > 0.20) & (down < 0.74)
    band = np.floor(down * 14) % 2
    return np.where(body, 0.95 - 0.45 * band, 0.0)


def _mix(below: Pixels, colour: Pixels, share: Pixels) -> Pixels:
    return below + (colour - below) * np.asarray(share, dtype=np.float64)[..., None]


def _colour(hue: float, lightness: float, saturation: float) -> Pixels:
    return np.array(hls_to_rgb((hue % 360) / 360, lightness, saturation))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    height, width, _ = pixels.shape
    # Every row begins with its filter: 2, the difference to the row above.
    differences = np.diff(pixels.astype(np.int16), axis=0, prepend=0).astype(np.uint8)
    rows = np.hstack([np.full((height, 1), 2, np.uint8), differences.reshape(height, -1)])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
