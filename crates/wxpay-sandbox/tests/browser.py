"""Uses the inspector's page in Chromium, by its debugging pipe, with the standard library only.

browser.py CHROMIUM PAGE FOLDER UPLOAD...: the command UPLOAD uploads a picture. Screenshots go to FOLDER.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time

BOUND = 60  # seconds for each step


class Browser:
    def __init__(self, chromium, profile):
        # It reads commands from descriptor 3 and writes to 4, each message ended by a zero byte.
        read_command, self.commands = os.pipe()
        self.messages, write_message = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        flags += ["--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        script = f'exec "$0" "$@" 3<&{read_command} 4>&{write_message}'
        self.process = subprocess.Popen(
            ["sh", "-c", script, chromium, *flags],
            pass_fds=(read_command, write_message),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_command)
        os.close(write_message)
        self.last, self.buffer, self.session = 0, b"", None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                piece = os.read(self.messages, 1 << 16)
                assert piece, "Chromium has ended"
                self.buffer += piece
            line, self.buffer = self.buffer.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self.last:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def js(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        # During a navigation there may be no page to ask.
        return result["result"].get("value") if "exceptionDetails" not in result else None

    def wait(self, expression):
        end = time.monotonic() + BOUND
        while not self.js(f"!!({expression})"):
            assert time.monotonic() < end, f"never true: {expression}\n{self.js('document.body.innerHTML')}"
            time.sleep(0.05)

    def text(self, selector):
        return self.js(f"document.querySelector('{selector}').textContent")

    def click(self, selector):
        self.js(f"document.querySelector('{selector}').click()")

    def key(self, key):
        text = key if len(key) == 1 else ""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def size(self, width, height, mobile=False):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)


def main(chromium, page, folder, *upload):
    def uploads(query=""):
        command = [*upload[:-1], upload[-1] + query]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(chromium, profile)
        try:
            drive(browser, page, folder, uploads)
        finally:
            browser.process.kill()
            browser.process.wait()


def drive(browser, page, folder, uploads):
    browser.size(1280, 860)
    browser.call("Emulation.setLocaleOverride", locale="en-US")
    browser.call("Page.navigate", url=page)
    browser.wait("document.querySelector('#state')?.textContent == 'live'")
    # A headless browser has no clipboard.
    browser.js("""
        window.loaded = 'once';
        window.copied = '';
        const clipboard = { writeText: async (text) => { window.copied = text; } };
        Object.defineProperty(navigator, 'clipboard', { value: clipboard, configurable: true });
    """)
    assert not browser.js("document.querySelector('.call')")
    assert browser.text("#none").startswith("No call yet")

    # A call appears with its picture, and the page is not loaded again.
    assert "<media_id>" in uploads()
    browser.wait("document.querySelector('#call-1 .pill')?.textContent == 'accepted'")
    browser.wait("document.querySelector('#call-1 img.thumb')?.naturalWidth > 0")
    assert browser.js("window.loaded") == "once"
    # The file name is text everywhere.
    assert browser.text("#call-1 .name").startswith("<img")

    # A click opens its details.
    browser.click("#call-1")
    browser.wait("document.querySelectorAll('#detail .checks li').length >= 10")
    browser.wait("document.querySelector('#detail img.shown')?.naturalWidth > 0")
    assert "&key=********" in browser.text("#canonical")
    browser.wait("document.querySelector('.raw').textContent.includes('form-data; name=')")
    assert browser.js("window.hacked") is None
    browser.click("#copy-curl")
    browser.wait("window.copied.includes('--form-string')")
    assert "/secapi/mch/uploadmedia" in browser.js("window.copied")

    # A button injects a fault, and the next call meets it.
    browser.key("f")
    browser.wait("!document.querySelector('#faults').hidden")
    browser.click("button[value=system-error]")
    browser.wait("document.querySelector('#active').textContent == '1'")
    assert "SYSTEMERROR" in uploads()
    browser.wait("document.querySelector('#call-2')?.className.includes('fault')")
    browser.wait("document.querySelector('#list .spent')")
    browser.wait("document.querySelector('#active').textContent == ''")
    browser.key("f")

    # Keys close, choose, open and search.
    browser.key("Escape")
    browser.wait("document.querySelector('#detail').hidden")
    browser.key("ArrowUp")
    browser.key("Enter")
    browser.wait("document.querySelector('#detail h2')?.textContent.startsWith('#2')")
    browser.click("#filters button:nth-child(5)")
    browser.wait("document.querySelector('#call-1').hidden && !document.querySelector('#call-2').hidden")
    browser.click("#filters button")
    browser.key("/")
    browser.call("Input.insertText", text="nothing like this")
    browser.wait("document.querySelector('#call-1').hidden && document.querySelector('#call-2').hidden")
    assert "matches" in browser.text("#none")
    browser.js("const it = document.querySelector('#search'); it.value = ''; it.dispatchEvent(new Event('input'))")

    # In Chinese, and back.
    browser.click("#language")
    browser.wait("document.documentElement.lang == 'zh-CN'")
    assert "通过" in browser.text("#call-1 .pill")
    browser.wait("document.querySelector('#detail .checks')?.textContent.includes('客户端证书')")
    browser.click("#language")

    # Two hundred calls are drawn without a long pause.
    browser.js("window.slowest = 0; let last = performance.now(); (function frame(now) { window.slowest = Math.max(window.slowest, now - last); last = now; requestAnimationFrame(frame); })(last)")
    uploads("?[3-202]")
    browser.wait("document.querySelectorAll('.call').length == 200")
    assert browser.js("document.querySelector('#call-1')") is None
    print("slowest frame:", browser.js("window.slowest"), "ms")

    # On a phone nothing is wider than the screen.
    browser.size(360, 640, mobile=True)
    browser.click(".call")
    browser.wait("document.querySelector('#detail .checks')")
    assert browser.js("document.documentElement.scrollWidth") <= 360
    browser.size(1280, 860)

    # Calls are cleared here and at the server.
    browser.click("#clear")
    browser.wait("document.querySelectorAll('.call').length == 0")
    for theme in ["light", "dark"]:
        features = [{"name": "prefers-color-scheme", "value": theme}]
        browser.call("Emulation.setEmulatedMedia", features=features)
        picture = browser.call("Page.captureScreenshot", format="png")["data"]
        with open(os.path.join(folder, f"inspector-{theme}.png"), "wb") as file:
            file.write(base64.b64decode(picture))


main(*sys.argv[1:])
