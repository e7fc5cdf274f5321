#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
"""Check pages of `make report` in headless Chromium.

    report_page.py DIRECTORY SHOTS    DIRECTORY has the pages empty/, good/, parts-failed/ and finding/, and
                                      results/, from which good/ was made; screenshots go to SHOTS

Prints TAP: one line for each check; after a failure also the text that the page shows.
"""
import base64
import json
import pathlib
import re
import shutil
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from tap import Tap

CHROMIUM_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars")
MOST_PAGE_BYTES = 5_000_000
DESKTOP, PHONE = (1280, 900), (360, 740)
LOCAL_URL_PREFIXES = ("file:", "data:", "blob:", "about:", "chrome:")
CHECKED_CELL = "store/load/nested/none/aliases"

tap = Tap()


def check_equal(check_name, shown_value, expected_value):
    tap.ok(shown_value == expected_value, check_name, [f"expected {expected_value}, got {shown_value}"])


def check_contains(check_name, shown_text, *expected_texts):
    tap.ok(all(text in (shown_text or "") for text in expected_texts), check_name,
           [f"expected {expected_texts}, got {shown_text}"])


class Browser:
    """A Chromium process, which opens one page at a time."""

    def __init__(self, profile_directory):
        options = Options()
        options.binary_location = shutil.which("chromium")
        for flag in (*CHROMIUM_FLAGS, f"--user-data-dir={profile_directory}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_page_load_timeout(120)
        self.run_script = self.driver.execute_script

    def send_devtools_command(self, method, **arguments):
        return self.driver.execute_cdp_cmd(method, arguments)

    def set_window_size_and_colour_scheme(self, size, scheme):
        width, height = size
        self.send_devtools_command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                          deviceScaleFactor=1, mobile=width < 500)
        self.send_devtools_command("Emulation.setEmulatedMedia",
                          features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open_page(self, page_path, fragment=""):
        self.driver.get("about:blank")
        self.get_and_clear_console_messages(), self.get_and_clear_external_requests()
        self.driver.get(f"{page_path.resolve().as_uri()}{fragment}")
        self.wait_for_element("html[data-ready]")

    def find_element(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def wait_for_element(self, selector):
        WebDriverWait(self.driver, 60, 0.05).until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, selector))

    def click(self, selector):
        self.run_script("arguments[0].scrollIntoView({block: 'center'})", self.find_element(selector))
        self.find_element(selector).click()

    def evaluate_for_each_element(self, selector, js_expression):
        """Return: the values of @js_expression for each element e that @selector matches."""
        return self.run_script("return [...document.querySelectorAll(arguments[0])]"
                               f".map((e) => {js_expression})", selector)

    def read_texts(self, selector):
        return self.evaluate_for_each_element(selector, "e.textContent")

    def read_first_text(self, selector):
        return next(iter(self.read_texts(selector)), "")

    def read_states_of_report_parts(self):
        return dict(self.evaluate_for_each_element("section[data-state]", "[e.id.slice(5), e.dataset.state]"))

    def get_and_clear_console_messages(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def get_and_clear_external_requests(self):
        """Return: the URLs outside of the page that it requested since the last call."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        urls = [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(LOCAL_URL_PREFIXES)]

    def check_no_messages_or_requests(self, check_name):
        check_equal(f"{check_name}: no message on the console", self.get_and_clear_console_messages(), [])
        check_equal(f"{check_name}: nothing is asked of a network", self.get_and_clear_external_requests(), [])

    def save_screenshot(self, png_path):
        """Write a screenshot of the page, at most 8000 pixels high."""
        size = self.send_devtools_command("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "scale": 1, "width": size["width"], "height": min(size["height"], 8000)}
        shot = self.send_devtools_command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        png_path.write_bytes(base64.b64decode(shot["data"]))


# ---- tests of the checks of console messages and requests ----

def check_console_warnings_are_captured(browser, page_path):
    browser.open_page(page_path)
    browser.run_script("console.warn('heard'); new Image().src = 'http://127.0.0.1:9/x.png';"
                       "fetch('http://127.0.0.1:9/').catch(() => 0)")
    time.sleep(0.3)
    messages = " ".join(browser.get_and_clear_console_messages())
    check_contains("a warning would be heard", messages, "heard")
    check_contains("the page forbids loading of what is not in it", messages, "Content Security Policy")


# ---- pages ----

def check_page_without_results(browser, page_path):
    browser.open_page(page_path)
    browser.check_no_messages_or_requests("nothing was run")
    check_equal("nothing was run: incomplete", browser.read_first_text(".verdict h1"), "Incomplete")
    rows = browser.read_texts(".overview tbody tr")
    tap.ok(len(rows) == 14 and all("not run" in row for row in rows),
           "nothing was run: every part says so", rows)


def check_failed_parts(browser, page_path):
    browser.open_page(page_path)
    browser.check_no_messages_or_requests("parts failed")
    line, states = browser.read_first_text("#verdict-line"), browser.read_states_of_report_parts()
    check_contains("missed thresholds are shown", line, "1 aim of speed missed")
    check_contains("a part that failed fails it all", browser.read_first_text(".verdict h1") + line, "Failed",
                   "Failed: ", "The race matrix", "Replay")
    check_equal("parts that failed are marked, others are not",
                [states[part] for part in ("race", "replay", "rules")], ["failed", "failed", "good"])
    check_contains("a failed long run and too few killed mutants are failures",
                   " ".join([states["stress-long"], states["mutants"], browser.read_first_text("#part-stress-long"),
                             browser.read_first_text("#part-mutants")]),
                   "failed failed ", "--seed=7", "40.0 %, wanted 90 %")
    check_contains("unreadable results are shown", states["bugs"] + line,
                   "unreadable", "annot be read: Seeded bugs")
    check_contains("an unpredicted cell is marked in its pair", browser.read_first_text('[data-pair="store/load"]'),
                   "\u2715")
    browser.click("#wrong button")
    browser.wait_for_element(f'#cell[data-ready="{CHECKED_CELL}"]')
    check_contains("... and is listed, to be opened", browser.read_first_text("#cell"),
                   "\u25cb missed", "not as predicted")


def compute_expected_figures(results):
    """Return: the figures that the page must show, computed from the results."""
    race_results, programs = results["race"], {p["file"]: p for backend in ("direct", "alias")
                                       for p in results["rules"].get(backend, [])}
    return {
        "race-cells": len(race_results["matrix"]),
        "race-races": sum(cell["expect"] == "data-race" for cell in race_results["matrix"]),
        "race-detectors": len(race_results["detectors"]),
        "race-false_alarms": sum(detector["false_alarms"] for detector in race_results["detectors"]),
        "race-wrong": sum(not cell["as_predicted"] for cell in race_results["matrix"]),
        "rules-programs": len(programs),
        "rules-breaking": sum(bool(program["verdict"]) for program in programs.values()),
        "stress-operations": sum(row["operations"] for row in results["stress"]["rows"]),
        "stress-runs": len(results["stress"]["rows"]),
        "stress-long-runs": 3, "stress-long-operations": 3000000, "stress-long-failed": 0,
        "mutants-looked": 23, "mutants-killed": 19, "mutants-survived": 1, "mutants-equivalent": 3,
        "fuzz-executions": sum(target["executions"] for target in results["fuzz"]["targets"]),
        "fuzz-findings": 0,
        "replay-trials": sum(flavour["inputs"] for run in results["replay"]["runs"]
                             for flavour in run["flavours"]),
        "coverage-lines": 1200, "coverage-corpus": 900, "coverage-all": 1080,
        "bugs-bugs": 3, "bugs-killed": 3, "bugs-clean": 0,
        "smoke-stages": 2, "bench-figures": 2, "bench-aims": 2, "bench-met": 1, "findings-failures": 0,
    }


def check_figures(browser, results):
    expected = compute_expected_figures(results)
    shown = dict(browser.evaluate_for_each_element("[data-figure]", "[e.dataset.figure, e.textContent]"))
    check_equal("figures are those of the results",
                {name: int(shown[name].replace(",", "")) for name in expected}, expected)
    pairs = {}
    for cell in results["race"]["matrix"]:
        pair = pairs.setdefault(f"{cell['first']}/{cell['second']}", [0, 0])
        pair[0] += cell["expect"] == "data-race"
        pair[1] += 1
    check_equal("each pair of the matrix has its races and cells",
                dict(browser.evaluate_for_each_element("[data-pair]", "[e.dataset.pair, e.textContent]")),
                {pair: f"{races}of {cells}" for pair, (races, cells) in pairs.items()})
    detector = results["race"]["detectors"][0]
    check_equal("the detector's row is that of the results",
                browser.read_texts(f"#part-race tr[data-row={detector['name']}] td")[:5],
                [f"{detector[key]:,}" for key in ("cells", "repeat", "races", "caught", "missed")])


def check_tooltip(browser, check_name, selector, *expected_texts):
    ActionChains(browser.driver).move_to_element(browser.find_element(selector)).perform()
    tip = browser.find_element("#tip")
    check_contains(check_name, tip.text if tip.is_displayed() else "", *expected_texts)


def check_opening_of_cell(browser, matrix_cells):
    cell = next(cell for cell in matrix_cells if cell["cell"] == CHECKED_CELL)
    browser.click('[data-pair="store/load"]')
    browser.click(f'[data-cell="{CHECKED_CELL}"]')
    browser.wait_for_element(f'#cell[data-ready="{CHECKED_CELL}"]')
    check_equal("a click on a cell shows its program", browser.read_first_text("#cell .program"), cell["program"])
    check_contains("... and what happens in it", browser.read_first_text("#cell .drawing"), "data-race (R3",
                   "store(k0, 0x40, 0x40, 0x11)")
    check_equal("... and what each detector said",
                {name: browser.read_texts(f"#cell tr[data-row={name}] td")[1] for name in cell["detectors"]},
                {name: f"{a['reported']:,} of {a['runs']:,}" for name, a in cell["detectors"].items()})
    check_tooltip(browser, "hovering shows the cell", '[data-pair="store/store"]', "store then store")
    browser.find_element('[data-pair="store/load"]').send_keys(Keys.ARROW_RIGHT, Keys.ENTER)
    check_equal("arrows and Enter do what the pointer does", browser.read_first_text("#pair h3"),
                "store then store")


def check_matrix_of_detector(browser, race_results):
    name = race_results["detectors"][0]["name"]
    browser.run_script("const s = document.getElementById('detector'); s.value = arguments[0];"
                       "s.dispatchEvent(new Event('change'))", name)
    check_equal("the matrix of a detector has what it caught",
                sum(int(re.match(r"\d+", text)[0]) for text in browser.read_texts("[data-pair]")),
                sum(cell["expect"] == "data-race" and cell["detectors"][name]["reported"] > 0
                    for cell in race_results["matrix"]))


def check_plots_links_rules_and_search(browser):
    tap.ok(browser.read_texts("#part-fuzz svg .curve"), "coverage over time is drawn")
    browser.run_script("document.getElementById('part-fuzz').scrollIntoView()")
    check_tooltip(browser, "a point of a plot shows its value", "#part-fuzz svg .point rect", " edges after ")
    links = browser.evaluate_for_each_element("#part-coverage a", "e.href")
    check_equal("llvm-cov's pages are linked, and there",
                [pathlib.Path(link.removeprefix("file://")).is_file() for link in links], [True, True])
    browser.run_script("document.querySelector('#part-rules details').open = true")
    browser.click('[data-program="bounds"]')
    browser.wait_for_element('#rule-program[data-ready="bounds"]')
    check_contains("a rule's program opens", browser.read_first_text("#rule-program .program"), "PAGE_SIZE")
    hostile = browser.run_script("return [document.images.length, document.title]")
    tap.ok(hostile[0] == 0 and hostile[1] != "broken", "text of data stays text", [hostile])
    check_contains("... and is shown as it is", browser.read_first_text("#part-bench"), "<img src=x")
    browser.run_script("const f = document.querySelector('#part-bugs input'); f.closest('details').open = true;"
                       "f.value = 'bounds-two'; f.dispatchEvent(new Event('input'))")
    check_equal("tables can be searched",
                browser.evaluate_for_each_element("#part-bugs .high tbody tr:not([hidden])", "e.dataset.row"),
                ["bounds-two"])


def check_triaged_failure(browser, page_path):
    browser.open_page(page_path)
    browser.check_no_messages_or_requests("a finding")
    check_equal("a failure after triage fails", browser.read_states_of_report_parts()["findings"], "failed")
    files = dict(browser.evaluate_for_each_element(".failure pre", "[e.dataset.file, e.textContent]"))
    check_contains("its program, its C file and its drawing are there",
                   "".join(files.get(name, "")
                           for name in ("minimised.page", "reproduce.c", "explanation.txt")),
                   "expect data-race", "int main(void)", "a drawing")


def check_colour_schemes_and_printing(browser, page_path, screenshot_directory):
    paper = {}
    for scheme, size, name in (("light", DESKTOP, "light"), ("light", PHONE, "light-phone"),
                               ("dark", DESKTOP, "dark")):
        browser.set_window_size_and_colour_scheme(size, scheme)
        browser.open_page(page_path, f"#race/{CHECKED_CELL}")
        browser.wait_for_element("#cell[data-ready]")
        if size == PHONE:
            browser.run_script("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        width = browser.run_script("return document.documentElement.scrollWidth")
        tap.ok(width <= size[0], f"{scheme}, {size[0]} pixels: no scrolling to the side", [width])
        browser.save_screenshot(screenshot_directory / f"report-{name}.png")
        browser.check_no_messages_or_requests(f"{scheme}, {size[0]} pixels")
        paper[scheme] = browser.run_script("return getComputedStyle(document.body).backgroundColor")
    tap.ok(paper["light"] != paper["dark"], "dark is another one than light", [paper])
    browser.set_window_size_and_colour_scheme(DESKTOP, "light")
    browser.open_page(page_path)
    browser.run_script("document.documentElement.dataset.opened = '';"
                       "addEventListener('beforeprint', () => { document.documentElement.dataset.opened ="
                       " document.querySelectorAll('details:not([open])').length; })")
    printed = base64.b64decode(browser.send_devtools_command("Page.printToPDF", preferCSSPageSize=True)["data"])
    (screenshot_directory / "report.pdf").write_bytes(printed)
    closed = browser.run_script("return document.documentElement.dataset.opened")
    tap.ok(printed.startswith(b"%PDF") and closed == "0", "on paper nothing is folded", [closed])


def open_and_check_file_size(browser, page_path):
    size = page_path.stat().st_size
    tap.ok(size < MOST_PAGE_BYTES, f"it is below 5 MB: {size / 1e6:.2f} MB", [size])
    browser.open_page(page_path)
    took = browser.run_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"# it opened in {took:.0f} ms", flush=True)


def check_all_pages(browser, directory_of_pages, screenshot_directory):
    results = {path.stem: json.loads(path.read_text())
               for path in (directory_of_pages / "results").glob("*.json")}
    pages = {name: directory_of_pages / name / "index.html"
             for name in ("empty", "good", "parts-failed", "finding")}
    browser.set_window_size_and_colour_scheme(DESKTOP, "light")
    check_console_warnings_are_captured(browser, pages["empty"])
    check_page_without_results(browser, pages["empty"])
    open_and_check_file_size(browser, pages["good"])
    browser.check_no_messages_or_requests("all was run")
    check_equal("all was run: sound", browser.read_first_text(".verdict h1"), "Sound")
    check_figures(browser, results)
    check_opening_of_cell(browser, results["race"]["matrix"])
    check_matrix_of_detector(browser, results["race"])
    check_plots_links_rules_and_search(browser)
    browser.check_no_messages_or_requests("all was run, and clicked")
    check_failed_parts(browser, pages["parts-failed"])
    check_triaged_failure(browser, pages["finding"])
    check_colour_schemes_and_printing(browser, pages["good"], screenshot_directory)


def main(directory_of_pages, screenshot_directory):
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            check_all_pages(browser, pathlib.Path(directory_of_pages), pathlib.Path(screenshot_directory))
        finally:
            browser.driver.quit()
    return tap.done_testing()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
