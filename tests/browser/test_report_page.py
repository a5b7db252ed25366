"""Does the report open in a browser, offline, on a desk and on a phone, without an error, and tell
its values?
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

PHONE, DESK = (360, 740), (1280, 900)
UNFOLD = "document.querySelectorAll('details.room').forEach(room => { room.open = true; })"
NEAREST = "li => [li.dataset.left, li.dataset.top, li.textContent]"


@dataclass
class Opened:
    """A page, and what it did while it loaded."""

    page: Page
    complaints: list[str] = field(default_factory=list)  # console messages and uncaught errors
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(browser: Browser):
    """Opens a file at a size; a size of a phone has a finger."""
    contexts = []

    def opened(path: Path, size: tuple[int, int] = DESK) -> Opened:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            offline=True,
        )
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.goto(path.as_uri(), wait_until="load")
        return found

    yield opened
    for context in contexts:
        context.close()


def left_the_page(opened: Opened, path: Path) -> list[str]:
    return [url for url in opened.requests if url != path.as_uri() and not url.startswith("data:")]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("which", ["finished", "running"])
def test_it_opens_offline_without_error_or_overflow(which, size, open_page, request):
    path = request.getfixturevalue(which)
    opened = open_page(path, size)
    assert opened.complaints == []
    if which == "finished":
        opened.page.evaluate(UNFOLD)
    assert path.as_uri() in opened.requests
    assert left_the_page(opened, path) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    # What is wider than the page lies in a box that scrolls on its own.
    outside = opened.page.evaluate(
        """width => [...document.querySelectorAll("main *")]
        .filter(e => !e.closest(".wide") && e.getBoundingClientRect().right > width)
        .map(e => e.outerHTML.slice(0, 80))""",
        size[0],
    )
    assert outside == []
    broken = opened.page.evaluate(
        "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    )
    assert broken == []


def test_the_page_itself_forbids_requests(finished, open_page):
    opened = open_page(finished)
    opened.page.evaluate("""() => { const image = new Image(); image.src = "http://example.invalid/a.png";
                                    document.body.append(image); }""")
    opened.page.wait_for_timeout(100)
    assert any("Content Security Policy" in text for text in opened.complaints)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_figure_tells_the_value_under_the_pointer_or_the_finger(size, finished, open_page):
    page = open_page(finished, size).page
    figure = page.locator("figure.marked").first
    figure.scroll_into_view_if_needed()
    tip = figure.locator(".tip")
    assert tip.is_hidden()
    left, top, text = figure.locator("li").first.evaluate(NEAREST)
    assert "FID" in text
    picture = figure.locator(".picture")
    box = picture.bounding_box()
    at = {"x": float(left) / 100 * box["width"], "y": float(top) / 100 * box["height"]}
    if size == PHONE:
        picture.tap(position=at)
    else:
        picture.hover(position=at)
    assert text in tip.inner_text()
    assert figure.locator(".ring").is_visible()
    inside = tip.bounding_box()
    assert inside["x"] >= box["x"] and inside["x"] + inside["width"] <= box["x"] + box["width"]
    assert inside["y"] >= box["y"] and inside["y"] + inside["height"] <= box["y"] + box["height"]
    # also of a picture that is wider than the screen
    assert inside["x"] >= 0 and inside["x"] + inside["width"] <= size[0]
    if size == DESK:
        page.mouse.move(0, 0)
        assert tip.is_hidden()


def test_the_first_screen_of_a_desk_says_what_was_decided_and_details_are_folded(
    finished, open_page
):
    page = open_page(finished).page
    decided = page.locator("ul.decided li")
    assert decided.count() >= 3
    last = decided.last.bounding_box()
    assert last["y"] + last["height"] < DESK[1]
    assert page.locator("details.room").count() >= 5
    assert page.locator("details.room[open]").count() == 0
    # the curve comes before any detail, and paper shows them all
    assert page.locator("figure").first.bounding_box()["y"] < 2 * DESK[1]
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.room:not([open])").count() == 0


def test_every_figure_but_the_samples_tells_its_values(finished, open_page):
    page = open_page(finished).page
    silent = page.locator("figure:not(.marked) img").evaluate_all(
        "images => images.map(image => image.alt)"
    )
    assert silent == ["Samples"]
    assert page.locator("figure.marked").count() >= 10
    values = page.locator("figure.marked details").first
    assert not values.locator("li").first.is_visible()
    values.locator("summary").click()  # the same without a pointer
    assert values.locator("li").first.is_visible()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_smallest_words_of_a_figure_are_eight_pixels_tall(size, finished, open_page):
    """Those of its note, at 8 points of 72 to an inch of the picture."""
    page = open_page(finished, size).page
    page.evaluate(UNFOLD)
    heights = page.locator("figure img").evaluate_all(
        "images => images.map(i => 8 / 72 * i.getBoundingClientRect().width / (i.naturalWidth "
        "/ 96))"
    )
    assert len(heights) > 10 and min(heights) >= 8


def test_it_reloads_itself_only_while_the_sweep_runs(finished, running, open_page):
    refresh = 'meta[http-equiv="refresh"]'
    assert open_page(finished).page.locator(refresh).count() == 0
    page = open_page(running).page
    assert int(page.locator(refresh).get_attribute("content")) > 0
    assert "reloads itself" in page.locator("main").inner_text()
