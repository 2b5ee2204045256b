"""The floor of a model: the similarity that a result needs. Unrelated inputs rarely reach it.

Each model has its own scale: for one, unrelated texts have a similarity of 0.05, for another 0.75. So the floor is
measured with the model itself, by comparing nonsense with texts, and texts with plain images. It is several
standard deviations above the mean, so that even among thousands of moments few unrelated ones reach it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidkit.meaning.texts import Vectors

# With all-MiniLM-L6-v2 the floor is 0.37; one in ten strings of random letters finds something among 1,800 texts.
DEVIATIONS = 5.0
# Not tested with the weights of a real image-text model. Published models are reported to have a narrow scale.
IMAGE_DEVIATIONS = 3.0
_MOST = 0.999

# Typical descriptions, speech and signs, all unrelated.
TEXTS = (
    "A man in a red jacket walks a dog along the beach at sunset.",
    "Onions and garlic are chopped on a wooden board in a kitchen.",
    "The speaker explains the growth of revenue in the last quarter.",
    "A train arrives at a crowded platform.",
    "Fireworks explode over the river.",
    "A surgeon washes her hands before the operation.",
    "Snow covers the mountains; the picture was taken from a helicopter.",
    "An old watchmaker repairs a clock in his workshop.",
    "A football player scores and the crowd cheers.",
    "The camera moves along an empty road through the desert.",
    "Two actors argue in a dark living room.",
    "Cartoon robots build a rocket.",
    "welcome back to my channel, today we open a new phone",
    "and that is why the interest rates will stay where they are",
    "the defendant was seen leaving the building at nine",
    "please turn off the gas before you open the valve",
    "EXIT 24 AIRPORT",
    "Chapter two: the cell and its membrane",
    "SALE 50% OFF",
    "Breaking news: parliament votes on the budget",
    "a violin plays alone",
    "Black and white footage of workers leaving a factory.",
    "Close-up of bees on a lavender flower.",
    "A chart with bars in three colours.",
)  # fmt: skip
# Random typing, and words that do not exist.
NONSENSE = (
    "asdf qwer zxcv", "xqzvbn", "blorptastic frumious", "kjhgfd lkjh poiu", "wibble zorp snarf", "qqqq wwww",
    "gqpwk vmzx trwq bnnl", "zzzzzzzz", "flibberty gax", "jfkdls;a", "hjkl", "snorfle drax vimp", "plugh xyzzy",
    "aoeu snth", "mxyzptlk", "uhdf uiwe nvsd", "gribbish flon", "trewq yuiop", "vvbn mlkp oi", "dlrow olleh",
    "ghoti tghe", "brzk", "lkjsdf 9823 ksjd", "oqweiru",
)  # fmt: skip


def text_floor(texts: Vectors, queries: Vectors) -> float:
    """The floor of a text model.

    Args:
        texts: the vectors of TEXTS, as texts.
        queries: the vectors of NONSENSE, as queries.
    """
    return _floor(queries @ texts.T, DEVIATIONS)


def image_floor(images: Vectors, queries: Vectors) -> float:
    """The floor of an image-text model.

    Args:
        images: the vectors of `plain_images()`.
        queries: the vectors of TEXTS and NONSENSE, as queries.
    """
    return _floor(queries @ images.T, IMAGE_DEVIATIONS)


def _floor(unrelated: Vectors, deviations: float) -> float:
    return float(min(_MOST, unrelated.mean() + deviations * unrelated.std()))


def plain_images(side: int = 64) -> NDArray[np.uint8]:
    """Images without content: colours, ramps, stripes, noise; n x side x side x 3."""
    chance = np.random.default_rng(0)
    ramp = np.linspace(0, 255, side)
    grey = [np.full((side, side), value) for value in (20, 128, 235)]
    drawn = [
        *grey,
        np.tile(ramp, (side, 1)),
        np.tile(ramp[:, None], (1, side)),
        np.tile((ramp // 32 % 2) * 255, (side, 1)),
    ]
    found = [np.repeat(each[..., None], 3, axis=2) for each in drawn]
    found += [np.broadcast_to(colour, (side, side, 3)) for colour in ((200, 30, 30), (30, 160, 60), (40, 60, 200))]
    found += [chance.uniform(0, 255, (side, side, 3)), 128 + 20 * chance.standard_normal((side, side, 3))]
    images: NDArray[np.uint8] = np.clip(np.stack(found), 0, 255).astype(np.uint8)
    return images
