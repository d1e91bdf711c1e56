"""Choosing pictures: not the black ones, not the blurred ones, not two of the same moment."""

import random

import pytest
from PIL import Image, ImageDraw, ImageFilter

from catalog.media import stills


def noise(size: tuple[int, int] = (160, 90), *, seed: int = 1) -> Image.Image:
    """A picture full of coarse coloured detail."""
    dice = random.Random(seed)
    small = Image.new("RGB", (32, 18))
    small.putdata([(dice.randrange(256), dice.randrange(256), dice.randrange(256)) for _ in range(32 * 18)])
    return small.resize(size, Image.Resampling.NEAREST)


def flat(level: int) -> Image.Image:
    return Image.new("RGB", (160, 90), (level, level, level))


@pytest.mark.parametrize("level", [0, 16, 128, 250])
def test_black_white_and_flat_frames_are_worth_nothing(level):
    assert stills.score(flat(level)) == 0


def test_sharp_coloured_frames_are_worth_more_than_blurred_or_grey_ones():
    picture = noise()
    blurred, grey = picture.filter(ImageFilter.GaussianBlur(8)), picture.convert("L").convert("RGB")
    assert stills.score(picture) > stills.score(blurred) + 0.1
    assert stills.score(picture) > stills.score(grey)


def test_a_title_card_is_worth_less_than_the_picture_behind_it():
    picture = noise().filter(ImageFilter.GaussianBlur(2))
    card, snow = picture.copy(), picture.copy()
    ImageDraw.Draw(card).text((10, 20), "Big Film", fill="white", font_size=34)
    ImageDraw.Draw(snow).rectangle((0, 0, 160, 40), fill="white")  # white alone is no lettering
    assert stills.score(card) < stills.score(picture) * 0.8
    assert stills.score(snow) > stills.score(card)


@pytest.mark.parametrize(
    ("scores", "count", "segments", "chosen"),
    [
        ({0: 0.9, 50: 0.8, 51: 0.79, 70: 0.5, 99: 0.95}, 2, 100, [50, 70]),  # ends left out, neighbours too
        ({0: 0.9, 1: 0.5}, 2, 2, [0, 1]),
        ({3: 0.4}, 2, 8, [3]),
        ({0: 0.3, 7: 0.2}, 1, 8, [0]),
        ({40: 0.5, 41: 0.4}, 2, 100, [40, 41]),  # too near is better than none
    ],
)
def test_the_best_moments_are_chosen_far_apart(scores, count, segments, chosen):
    assert stills.choose(list(scores.items()), count, segments) == chosen


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((2, 3), (1920, 1080), (720, 1080)),
        ((16, 9), (1920, 800), (1422, 800)),
        ((16, 9), (1080, 1920), (1080, 607)),
        ((16, 9), (1920, 1080), (1920, 1080)),
    ],
)
def test_a_picture_is_cut_to_its_shape(shape, size, expected):
    assert stills.crop(noise(size), shape, noise()).size == expected


def test_the_cut_keeps_what_there_is_to_see():
    frame = flat(90).resize((1600, 900))
    frame.paste(noise((400, 900)), (1150, 0))
    guide = frame.resize((160, 90))
    kept = stills.crop(frame, (2, 3), guide)
    right_half = frame.crop((1000, 0, 1600, 900))
    assert kept.size == (600, 900)
    assert kept.tobytes() == right_half.tobytes() or stills.score(kept.resize((160, 90))) > 0.3
    empty = flat(90).resize((1600, 900))
    assert stills.crop(empty, (2, 3), flat(90)).getpixel((0, 0)) == (90, 90, 90)


def test_what_stands_in_the_middle_outweighs_leaves_at_the_rim():
    frame = Image.new("RGB", (1600, 900), (120, 150, 220))
    frame.paste(noise((300, 900)), (0, 0))  # a tree
    frame.paste(noise((260, 700), seed=2), (680, 200))  # somebody
    guide = frame.resize((160, 90))
    cut = stills.crop(frame, (2, 3), guide)
    assert stills.crop(frame, (2, 3), guide, place=0.0).getpixel((5, 450)) == frame.getpixel((5, 450))
    assert cut.getpixel((300, 50)) == (120, 150, 220)  # sky above somebody, and not the tree


def test_a_place_to_cut_at_is_kept_inside_the_frame():
    frame = noise((1800, 900))
    cuts = {place: stills.crop(frame, (2, 3), frame, place=place) for place in (-1.0, 0.0, 1.0, 7.0)}
    assert cuts[-1.0] == cuts[0.0] == frame.crop((0, 0, 600, 900))
    assert cuts[7.0] == cuts[1.0] == frame.crop((1200, 0, 1800, 900))
