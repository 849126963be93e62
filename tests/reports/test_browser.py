"""The pages in a real browser: they load nothing, work by keyboard, at phone width, in the dark, without script.

Needs Debian's packages chromium and chromium-driver, and axe-core and Allure from npm:

    apt-get install -y chromium chromium-driver
    npm ci --prefix tests/reports/node

Where they are missing the tests are skipped and say so; with CI=true in the environment they fail.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_samples
from eni_conformance.reports import compare, files, side_by_side, write_all
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).parent / "node" / "node_modules"
AXE = NODE / "axe-core" / "axe.min.js"
ALLURE = NODE / ".bin" / "allure"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
)
LOADED = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
"""Milliseconds until the page was loaded; 0 until that is over."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _missing(what: str, command: str) -> None:
    text = f"{what} is missing: {command}"
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    binary, service = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not service:
        _missing("Chromium", "apt-get install -y chromium chromium-driver")
    options = Options()
    options.binary_location = str(binary)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="report-browser-") as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options=options, service=Service(str(service)))
        browser.set_page_load_timeout(30)
        yield browser
        browser.quit()


class Tab:
    """The one tab of the tests, as they look at it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.look()

    def look(self, width: int = 1280, dark: bool = False, media: str = "screen", script: bool = True) -> Tab:
        cdp = self.driver.execute_cdp_cmd
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        cdp("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        cdp("Emulation.setEmulatedMedia", {"media": media, "features": features})
        cdp("Emulation.setScriptExecutionDisabled", {"value": not script})
        return self

    def open(self, path: Path, fragment: str = "") -> Tab:
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(path.resolve().as_uri() + fragment)
        return self

    def js(self, text: str, *args: Any) -> Any:
        return self.driver.execute_script(text, *args)

    def rows(self) -> list[str]:
        return list(self.js("return [...document.querySelectorAll('tr.row:not([hidden])')].map(r => r.id)"))

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def tab(driver: Any) -> Tab:
    return Tab(driver)


@pytest.fixture(scope="module")
def pages(runs: dict[str, Path], past: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = {name: path / "index.html" for name, path in runs.items()}
    out["past"] = past / "index.html"
    out["comparison"] = tmp_path_factory.mktemp("comparison") / "compare.html"
    result = compare.compare(files.load(runs["passing"]), files.load(runs["violated"]))
    out["comparison"].write_text(compare.page(result), encoding="utf-8")
    out["table"] = out["comparison"].with_name("table.html")
    loaded = [(str(runs[name]), files.load(runs[name])) for name in ("passing", "violated", "incomplete")]
    out["table"].write_text(side_by_side.page(side_by_side.table(loaded, out["table"])), encoding="utf-8")
    return out


NAMES = ["passing", "violated", "lenient", "confirmed", "hostile", "incomplete", "past", "comparison", "table"]


@pytest.mark.parametrize("name", [*NAMES, "huge"])
def test_loads_nothing_and_nothing_of_the_target_runs(name: str, tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages[name])
    assert tab.complaints() == []
    assert tab.js("return window.owned") is None
    assert tab.js("return performance.getEntriesByType('resource').length") == 0
    assert tab.js("return document.scripts.length") == 1


@pytest.mark.parametrize(("name", "limit"), [("passing", 1000), ("violated", 1000), ("huge", 2000)])
def test_opens_fast(name: str, limit: int, tab: Tab, pages: dict[str, Path]) -> None:
    taken = []
    for _ in range(3):
        tab.open(pages[name])
        taken.append(WebDriverWait(tab.driver, 20).until(lambda driver: driver.execute_script(LOADED)))
    assert min(taken) < limit


@pytest.mark.parametrize("name", ["past", "incomplete", "lenient", "confirmed", "comparison", "table"])
def test_accessibility(name: str, tab: Tab, pages: dict[str, Path]) -> None:
    """WCAG 2.2 AA and axe's best practices, everything unfolded; the rules on colours in the dark, too."""
    if not AXE.exists():
        _missing("axe-core", "npm ci --prefix tests/reports/node")
    tab.open(pages[name])
    tab.js("document.querySelectorAll('details').forEach(d => { d.open = true })")
    tab.js(AXE.read_text(encoding="utf-8"))
    assert _axe(tab, {"runOnly": RULES}) == []
    tab.look(dark=True)
    assert _axe(tab, {"runOnly": {"type": "rule", "values": ["color-contrast"]}}) == []


def _axe(tab: Tab, options: dict[str, Any]) -> list[str]:
    found: list[str] = tab.driver.execute_async_script(
        """const [options, done] = arguments;
        axe.run(document, {...options, resultTypes: ['violations']}).then(r => done(r.violations.map(
          v => v.id + ': ' + v.help + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(' | '))))""",
        options,
    )
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [360, 768])
def test_fits_narrow_screens(name: str, width: int, tab: Tab, pages: dict[str, Path]) -> None:
    tab.look(width=width).open(pages[name])
    tab.js("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert tab.js("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 390])
def test_a_long_code_in_a_headline_fits_narrow_screens(width: int, tab: Tab, tmp_path: Path) -> None:
    code = "InvalidOperation.DetachPrimaryEniNotAllowedWhateverElse"
    data, items = report_samples.violated()
    for item in items:
        item |= {"did": f"It answered with 400 {code}.", "should": f"It should have refused it with 403 {code}."}
    out = report_samples.write(tmp_path, (data, items))
    write_all(out)
    tab.look(width=width).open(out / "index.html")
    assert tab.js("return document.documentElement.scrollWidth") <= width
    beyond = "return [...document.querySelectorAll('.first, .should, h3, .index a')]"
    assert tab.js(f"{beyond}.filter(n => n.scrollWidth > n.clientWidth && n.clientWidth).length") == 0


@pytest.mark.parametrize("name", ["past", "passing"])
def test_words_stay_within_their_boxes(name: str, tab: Tab, pages: dict[str, Path]) -> None:
    """In sequence diagrams and in the graph of precedence."""
    tab.open(pages[name])
    tab.js("document.querySelectorAll('details').forEach(d => { d.open = true })")
    over = tab.js(
        """return [...document.querySelectorAll('svg.lanes text.label, svg.graph text.label')].filter(text => {
          let box = text;
          while (box.tagName !== 'rect') box = box.previousElementSibling;
          const [inner, outer] = [text.getBBox(), box.getBBox()];
          return inner.x < outer.x || inner.x + inner.width > outer.x + outer.width;
        }).map(text => text.textContent)"""
    )
    assert over == []
    assert tab.js("return document.querySelectorAll('svg.graph text.label').length") > 5


def test_without_script(tab: Tab, pages: dict[str, Path]) -> None:
    """Everything is there but filtering: all rows, folded details that open, no dead controls."""
    tab.look(script=False).open(pages["violated"])
    assert len(tab.driver.find_elements("css selector", "tr.row")) == 51
    assert not tab.find("#tools").is_displayed()
    assert tab.driver.find_elements("css selector", "th button, .copy") == []
    fold = tab.find("#finding-E12-3f09a1 details.box")
    fold.find_element("css selector", "summary").click()
    assert fold.find_element("css selector", "pre").is_displayed()
    tab.look()


def test_filter_and_search(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    assert len(tab.rows()) == 51
    assert tab.find("#shown").text == "51 of 51 shown"
    tab.find("a[data-show=violated]").click()
    assert sorted(row.removeprefix("ENI-DETACH-") for row in tab.rows()) == ["E12", "E14", "F03", "M03", "R02", "X01"]
    tab.js("document.querySelector('a[data-show=conforms]').focus()")
    tab.find("a[data-show=conforms]").send_keys("\n")
    assert len(tab.rows()) == 40
    tab.open(pages["violated"])
    tab.find("#search").send_keys("notfound eni")
    assert "ENI-DETACH-E14" in tab.rows()
    assert len(tab.rows()) < 6
    assert "of 6 findings" in tab.find("#shown").text, "the search covers findings, too"
    assert tab.js("return document.querySelectorAll('article.finding:not([hidden])').length") < 6


def test_what_is_shown_stands_in_the_address(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    tab.find("a[data-show=violated]").click()
    tab.find("#search").send_keys("E12")
    tab.find("th[data-name=judged] button").click()
    told = tab.js("return location.search")
    assert told == "?q=E12&show=violated&sort=judged+up"
    tab.open(pages["violated"], told)
    assert [row.removeprefix("ENI-DETACH-") for row in tab.rows()] == ["E12"]
    assert tab.find("th[data-name=judged]").get_attribute("aria-sort") == "ascending"


def test_the_violated_come_first_whatever_their_group(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    first = [row.removeprefix("ENI-DETACH-") for row in tab.rows()[:6]]
    assert sorted(first) == ["E12", "E14", "F03", "M03", "R02", "X01"]
    for _ in range(2):
        tab.find("th[data-name=verdict] button").click()
    assert tab.find("tbody[data-kind=error]").is_displayed(), "and unsorted each stands in its group again"


def test_keyboard(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    ActionChains(tab.driver).send_keys(Keys.TAB).perform()
    assert tab.js("return document.activeElement.className") == "skip"
    ActionChains(tab.driver).send_keys("/").perform()
    assert tab.js("return document.activeElement.id") == "search"
    ActionChains(tab.driver).send_keys("E12/").perform()
    assert tab.js("return document.activeElement.value") == "E12/"
    ActionChains(tab.driver).send_keys(Keys.ESCAPE).perform()
    assert len(tab.rows()) == 51
    tab.js("document.querySelector('th[data-sort=text] button').focus()")
    ActionChains(tab.driver).send_keys(Keys.ENTER).send_keys(Keys.ENTER).perform()
    assert tab.find("th[data-sort=text]").get_attribute("aria-sort") == "descending"
    assert tab.rows()[0] == "ENI-DETACH-X02"
    tab.js("document.querySelector('tr.row summary').focus()")
    ActionChains(tab.driver).send_keys(Keys.ENTER).perform()
    assert tab.js("return document.querySelector('tr.row details').open") is True


def test_sort_by_number(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    tab.find("th.num button").click()
    judged = tab.js("return [...document.querySelectorAll('tr.row')].map(r => +r.cells[2].dataset.value)")
    assert judged == sorted(judged)


def test_deep_links(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"], "#ENI-DETACH-E11")
    assert tab.js("return document.querySelector('#ENI-DETACH-E11 details').open") is True
    assert 0 <= tab.js("return document.getElementById('ENI-DETACH-E11').getBoundingClientRect().top") < 900
    tab.find("#search").send_keys("no such thing")
    assert tab.rows() == []
    tab.js("location.hash = '#ENI-DETACH-E12'")
    tab.js("return new Promise(r => setTimeout(r, 50))")
    assert "ENI-DETACH-E12" in tab.rows()
    tab.open(pages["violated"], "#finding-M03-5be774")
    assert 0 <= tab.js("return document.getElementById('finding-M03-5be774').getBoundingClientRect().top") < 900
    tab.open(pages["violated"], "#%E0%A4%A")
    assert tab.complaints() == []


PAGE = re.compile(rb"/Type\s*/Page[^s]")


def _printed(tab: Tab) -> int:
    """Pages on paper."""
    return len(PAGE.findall(base64.b64decode(tab.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])))


def test_print(tab: Tab, pages: dict[str, Path]) -> None:
    """A conforming run is a few pages: verdict, rows, run. The screen is afterwards as it was."""
    tab.open(pages["passing"])
    tab.look(media="print")
    assert 2 <= _printed(tab) <= 6
    assert tab.js("return document.querySelectorAll('details[open]').length") == 0
    assert not tab.find(".top").is_displayed() and not tab.find("#coverage").is_displayed()


ONLY = "main > *:not({0}) {{ display: none !important }} {0} > *:not({1}) {{ display: none !important }}"


def _alone(tab: Tab, section: str, inside: str) -> int:
    """Pages on paper that a part of the page takes by itself."""
    tab.look(media="print")
    tab.js("document.querySelectorAll('.repeat').forEach(d => { d.open = true })")
    tab.js("document.adoptedStyleSheets = [new CSSStyleSheet()]")
    tab.js("document.adoptedStyleSheets[0].replaceSync(arguments[0])", ONLY.format(section, inside))
    return _printed(tab)


@pytest.mark.parametrize("name", ["violated", "confirmed"])
def test_a_finding_takes_one_page_on_paper(name: str, tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages[name])
    findings = tab.js("return document.querySelectorAll('#findings article.finding').length")
    assert findings and _alone(tab, "#findings", "article") == findings


@pytest.mark.parametrize("name", ["passing", "violated", "incomplete"])
def test_the_rows_take_three_pages_on_paper_at_most(name: str, tab: Tab, pages: dict[str, Path]) -> None:
    assert 1 <= _alone(tab.open(pages[name]), "#requirements", "*") <= 3


def test_what_stands_folded_on_the_screen_is_unfolded_on_paper(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    tab.js("addEventListener('beforeprint', () => { unfolded = document.querySelectorAll('.repeat[open]').length })")
    tab.look(media="print")
    assert _printed(tab) and tab.js("return unfolded") == tab.js("return document.querySelectorAll('.repeat').length")


def test_paper_is_white_in_the_dark_too(tab: Tab, pages: dict[str, Path]) -> None:
    tab.open(pages["violated"])
    tab.look(dark=True, media="print")
    told = tab.js("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")
    assert told == ["rgb(255, 255, 255)", "rgb(23, 32, 44)"]


@pytest.fixture(scope="module")
def allure(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What `make allure` makes of two runs: the page of each."""
    if not ALLURE.exists():
        _missing("Allure", "npm ci --prefix tests/reports/node")
    made = {}
    for name in ("violated", "huge"):
        run = tmp_path_factory.mktemp(f"allure-{name}")
        shutil.copytree(runs[name] / "allure-results", run / "allure-results")
        subprocess.run(["make", "allure", f"RUN={run}"], check=True, capture_output=True, timeout=120, cwd=ROOT)
        made[name] = run / "allure" / "index.html"
    return made


def _shows(tab: Tab, part: str) -> str:
    """The text of the page, as soon as it holds `part`."""
    body = "return document.body.innerText"
    WebDriverWait(tab.driver, 20).until(lambda driver: part in driver.execute_script(body))
    return str(tab.js(body))


def _click(tab: Tab, text: str) -> None:
    """Clicks on what shows `text`, as soon as it is there; the tree is drawn anew while one looks."""

    def click(driver: Any) -> bool:
        driver.find_element("xpath", f"//*[contains(text(), '{text}')]").click()
        return True

    wait = WebDriverWait(tab.driver, 20, ignored_exceptions=[StaleElementReferenceException, NoSuchElementException])
    wait.until(click)


@pytest.mark.parametrize("name", ["violated", "huge"])
def test_allure_is_one_file_that_loads_nothing(name: str, tab: Tab, allure: dict[str, Path]) -> None:
    assert allure[name].stat().st_size < 10_000_000
    tab.open(allure[name])
    _shows(tab, "ENI-DETACH-E12")
    loaded = tab.js("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [address for address in loaded if not address.startswith(("data:", "blob:"))] == []


def test_allure_shows_a_tree_by_requirement(tab: Tab, allure: dict[str, Path]) -> None:
    """Epic, feature, requirement; the environment above; only requirements are counted."""
    text = _shows(tab.open(allure["violated"]), "ENI-DETACH-E12")
    order = [text.index(part) for part in ("\nDetachNetworkInterface", "Documented errors", "ENI-DETACH-E12")]
    assert order == sorted(order)
    for part in ("Resource states", "Failed", "Broken", "Skipped", "Severity", "Total\n51"):
        assert part in text
    for part in ("endpoint", "http://127.0.0.1:40123", "region", "revision", "seed"):
        assert part in text


def test_allure_shows_what_was_done_for_a_requirement(tab: Tab, allure: dict[str, Path]) -> None:
    _click(tab.open(allure["violated"]), "ENI-DETACH-E12")
    text = _shows(tab, "Test body")
    for part in (
        "violated: the primary interface was detached",
        "Blocker",
        "HTTP status\n400",
        "code\nInvalidOperation.DetachPrimaryEniNotAllowed",
        "requirement\nENI-DETACH-E12",
        "arrange: the world before the call",
        "call: GET DetachNetworkInterface",
        "observe: 200",
        "judge: admissible was 400 InvalidOperation.DetachPrimaryEniNotAllowed",
        "explanation",
        "repeat with replay",
    ):
        assert part in text
    assert re.search(r"call: GET DetachNetworkInterface[^\n]*(\n\d+)*\n4ms\n", text)
    tab.find("[data-testid=test-result-tab-attachments]").click()
    attached = _shows(tab, "world before")
    for part in ("exchange", "world after", "scenario", "repeat with replay"):
        assert part in attached


def test_allure_shows_known_deviations_with_their_owner(tab: Tab, allure: dict[str, Path]) -> None:
    tab.open(allure["violated"])
    _shows(tab, "ENI-DETACH-E12")
    tab.find("input[placeholder^=Search]").send_keys("ENI-DETACH-R03")
    WebDriverWait(tab.driver, 20).until(
        lambda driver: "ENI-DETACH-E12" not in driver.execute_script("return document.body.innerText")
    )
    for part in ("DetachNetworkInterface", "Response shape", "ENI-DETACH-R03"):
        _click(tab, part)
    text = _shows(tab, "owner platform team")
    assert "known deviation, owner platform team, until 2027-01-31: HostId is missing from errors" in text
