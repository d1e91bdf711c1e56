"""Profiles in a real browser: the gate with its PIN pad, by keys, by arrows and by touch; and a child's room."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts import services
from accounts.tests.factories import PASSWORD, make_operator, make_profile, make_user
from catalog.tests.factories import make_title
from catalog.types import Title
from tests.conftest import CALM, wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry"]),
]

PIN = "2580"


class Home:
    """A household with a locked profile and a child's, in one browser window."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        make_operator("Olu")
        user = make_user("household", email="owner@example.org")
        self.maren = make_profile("Maren", user=user, avatar="fox")
        self.juno = make_profile("Juno", user=user, avatar="unicorn", is_kid=True)
        services.set_pin(profile_id=self.maren.id, pin=PIN)
        self.films: list[Title] = [
            make_title(name=f"Owl {number}", genres=["Animation"], maturity=0) for number in range(4)
        ]
        self.grown_up = make_title(name="Night Shift", genres=["Crime"], maturity=16)

    def sign_in(self) -> None:
        """To the gate, by the form."""
        self.page.goto(f"{self.url}/accounts/login/")
        self.page.fill("[name=login]", "household")
        self.page.fill("[name=password]", PASSWORD)
        self.page.click(".entrance__panel .button--lamp")
        self.page.wait_for_url(f"{self.url}/profiles/**")

    def choose(self, name: str) -> None:
        """Press somebody's face."""
        self.page.goto(f"{self.url}/profiles/")
        self.page.click(f"button.person:has-text('{name}')")

    def asked_for_pin(self) -> None:
        """Wait for the pad."""
        self.page.wait_for_url(f"{self.url}/profiles/*/enter/**")
        self.page.wait_for_selector("nl-pin.ready")

    def inside(self, name: str) -> None:
        """Wait for the home page of this profile."""
        self.page.wait_for_url(f"{self.url}/")
        self.page.wait_for_selector(f"summary[aria-label^='{name}']")


@pytest.fixture
def home(chromium: Any, live_server: Any, settings: Any, tmp_path: Any) -> Iterator[Home]:
    """The household at its gate."""
    settings.MEDIA_ROOT = tmp_path
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion=CALM)
    page = context.new_page()
    page.set_default_timeout(30_000)
    found = Home(page, live_server.url)
    found.sign_in()
    yield found
    context.close()


def test_a_profile_with_a_pin_is_entered_by_digits_arrows_and_taps(home: Home) -> None:
    page = home.page
    page.keyboard.press(
        "ArrowRight"
    )  # a remote control has no pointer: its first arrow takes up the first face
    assert "Maren" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("ArrowRight")
    assert "Juno" in page.evaluate("document.activeElement.innerText")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    home.asked_for_pin()
    page.keyboard.type("9173")
    wait_for(lambda: page.locator(".pin__dots .full").count() == 4, seconds=30, what="four dots are full")
    page.keyboard.press("Enter")
    page.get_by_text("That is not the PIN").wait_for()
    home.asked_for_pin()
    # As with a remote control: the middle key first, then to each digit of 2580.
    page.keyboard.press("ArrowDown")
    for moves in (("ArrowUp",), ("ArrowDown",), ("ArrowDown",), ("ArrowDown",)):
        for move in moves:
            page.keyboard.press(move)
        page.keyboard.press("Enter")
    wait_for(lambda: page.input_value("[name=pin]") == PIN, seconds=30, what="the arrows typed the PIN")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.type") == "submit"
    page.keyboard.press("Enter")
    home.inside("Maren")
    page.get_by_text("1 wrong PIN was tried here before yours").wait_for()
    home.choose("Juno")
    home.inside("Juno")
    home.choose("Maren")
    home.asked_for_pin()
    for digit in PIN:
        page.click(f".pin__key[data-digit='{digit}']")
    page.click(".pin__key--lamp")
    home.inside("Maren")


def test_after_five_wrong_pins_the_pad_waits(home: Home) -> None:
    page = home.page
    for _try in range(5):
        with pytest.raises(services.PinWrong):
            services.enter(profile_id=home.maren.id, pin="9173")
    home.choose("Maren")
    home.asked_for_pin()
    page.locator("nl-pin.waiting").wait_for()
    assert page.locator(".pin__key[data-digit='5']").is_disabled()
    assert "Try again in" in page.inner_text("#pin-said")
    page.click("text=Someone else")
    home.choose("Juno")
    home.inside("Juno")


def test_a_child_stays_in_its_room(home: Home) -> None:
    page = home.page
    home.choose("Juno")
    home.inside("Juno")
    assert page.evaluate("document.body.classList.contains('kids')")
    page.get_by_role("heading", name="Drawn and alive").or_(
        page.get_by_role("heading", name="Brand new")
    ).first.wait_for()
    assert "Night Shift" not in page.content()
    for address in ("/account/", f"/profiles/{home.juno.id}/edit/", "/profiles/new/", "/admin/"):
        page.goto(home.url + address)
        page.wait_for_url(f"{home.url}/profiles/**")
    assert page.locator("text=Manage profiles").count() == 0
    page.goto(f"{home.url}/title/{home.grown_up.slug}/")
    assert "Night Shift" not in page.content()
    page.goto(f"{home.url}/search/?q=night")
    assert "Night Shift" not in page.content()
    said = page.evaluate(
        """async ([mine, theirs]) => {
          const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
          const ask = (method, path, body) => fetch(`/api/v1/profiles/${path}`, {
            method, headers: { "content-type": "application/json", "x-csrftoken": token }, body: JSON.stringify(body),
          }).then(({ status }) => status);
          return [
            await ask("PATCH", mine, { maturity: 13 }),
            await ask("POST", `${theirs}/enter`, {}),
            await ask("PUT", `${theirs}/pin`, { pin: "4826" }),
          ];
        }""",
        [str(home.juno.id), str(home.maren.id)],
    )
    assert said == [403, 403, 403]


def test_a_blocked_title_is_gone_from_a_childs_room(home: Home) -> None:
    page, owl = home.page, home.films[0]
    home.choose("Maren")
    home.asked_for_pin()
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    home.inside("Maren")
    page.goto(f"{home.url}/profiles/{home.juno.id}/blocked/?q=owl")
    page.click(f"button[aria-label='Block {owl.name}']")
    page.locator(f"button[aria-label='Allow {owl.name}']").wait_for()
    home.choose("Juno")
    home.inside("Juno")
    assert owl.name not in page.content()
    assert home.films[1].name in page.content()
    answer = page.goto(f"{home.url}/title/{owl.slug}/")
    assert answer.status == 404


def test_subtitles_are_shown_as_they_will_look(home: Home) -> None:
    page = home.page
    page.goto(f"{home.url}/profiles/{home.juno.id}/edit/")
    page.select_option("[name=look_color]", "yellow")
    page.select_option("[name=look_size]", "huge")
    look = "getComputedStyle(document.querySelector('[data-preview] .cue'))"
    page.wait_for_function(f"{look}.color === 'rgb(255, 228, 92)'")
    page.click(".profile-form__end .button--lamp")
    page.wait_for_url(f"{home.url}/profiles/")
    kept = services.profile(home.juno.id)
    assert kept is not None
    assert (kept.look.color, kept.look.size) == ("yellow", "huge")
