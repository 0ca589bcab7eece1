"""Measures `wxpay upload --ledger` against the sandbox: the figures of docs/ledger.md.

    python3 benches/ledger.py PROGRAM million|rate|kill [FOLDER]

`million` needs room for a million files of 100 bytes, and 300 MB for the ledger.
"""

import base64, collections, hashlib, json, os, random, sqlite3, struct, subprocess, sys, tempfile
import time, zlib
from pathlib import Path


def png(number):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + struct.pack(">I", number)[1:])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def pictures(folder, count):
    """Writes different pictures, a hundred a folder, last changed an hour ago; returns their paths."""
    paths, then = [], time.time() - 3600
    for number in range(count):
        path = f"{folder}/shop-{number // 100:05}/licence-{number:07}.png"
        if number % 100 == 0:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(png(number) + struct.pack(">I", number))
            os.utime(path, (then, then))
        paths.append(path)
    return paths


class Sandbox:
    def __init__(self, program, folder, *arguments):
        self.log = open(folder / "calls", "wb")
        command = [program, "sandbox", "--listen", "127.0.0.1:0", "--inspector", "off", "--json"]
        command += ["--dir", folder / "credentials", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.process.stdout.readline()
        lines = (folder / "credentials" / "env").read_text().splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "export WXPAY_" in line)
        self.variables = os.environ | {name: value.strip("'") for name, value in pairs}

    def calls(self):
        for line in (Path(self.log.name)).read_text().splitlines():
            call = json.loads(line)
            yield call["file_name"], call["answer"]["code"], call["answer"].get("body") or ""

    def stop(self):
        self.process.terminate()
        self.process.wait()


def peak(process):
    """The peak memory of a process in MB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000


def million(program, folder, count=1_000_000):
    paths = pictures(folder / "pictures", count)
    (folder / "list").write_text("\n".join(paths))
    ledger = folder / "ledger"
    sandbox = Sandbox(program, folder)
    upload = [program, "upload", "--ledger", ledger, "--from", folder / "list"]
    options = {"env": sandbox.variables, "text": True, "stderr": subprocess.DEVNULL}

    start = time.perf_counter()
    run = subprocess.Popen([*upload, "--concurrency", "16"], stdout=subprocess.PIPE, **options)
    run.stdout.readline()
    print(f"first upload after {time.perf_counter() - start:.3f} s")
    end = time.perf_counter() + 20
    sent = 1
    while time.perf_counter() < end:
        run.stdout.readline()
        sent += 1
    print(f"{sent / 20:.0f} uploads a second, {peak(run):.1f} MB")
    run.kill()
    run.wait()

    # The other rows are written here, as the program would write them.
    database = sqlite3.connect(ledger, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN")
    (account,) = database.execute("SELECT id FROM accounts").fetchone()
    for number, path in enumerate(paths):
        data = png(number) + struct.pack(">I", number)
        md5, stat = hashlib.md5(data).digest(), os.stat(path)
        media_id = base64.urlsafe_b64encode(hashlib.sha256(md5).digest()).decode()[:43]
        row = (account, md5, len(data), int(time.time()), media_id)
        database.execute("INSERT OR IGNORE INTO contents VALUES (?, ?, ?, 1, ?, ?, 1, NULL, NULL, NULL, NULL, NULL)", row)
        row = (account, path, len(data), stat.st_mtime_ns // 1_000_000, stat.st_ino, md5)
        database.execute("INSERT OR IGNORE INTO paths VALUES (?, ?, ?, ?, ?, ?, 1, NULL, NULL, NULL, NULL, NULL)", row)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    print(f"ledger {ledger.stat().st_size / 1e6:.0f} MB")

    for what in ("first", "again"):
        start = time.perf_counter()
        run = subprocess.Popen(upload, stdout=open(folder / "ids", "w"), **options)
        most = 0
        while run.poll() is None:
            try:
                most = max(most, peak(run) or 0)
            except OSError:
                pass
            if what == "again" and time.perf_counter() - start > 1:
                begin = time.perf_counter()
                subprocess.run([program, "ledger", "status", ledger], check=True, stdout=subprocess.DEVNULL)
                print(f"status beside a run: {(time.perf_counter() - begin) * 1000:.0f} ms")
                what = "done"
            time.sleep(0.05)
        print(f"a run with nothing to do: {time.perf_counter() - start:.1f} s, {most:.1f} MB")
    start = time.perf_counter()
    subprocess.run([program, "ledger", "forget", ledger, "--older-than", "0"], check=True)
    print(f"to forget all: {time.perf_counter() - start:.1f} s")
    sandbox.stop()


def rate(program, folder, count=2_000):
    pictures(folder / "pictures", count)
    for rate in ("10", "off"):
        sandbox = Sandbox(program, folder, "--fault", "rate=10")
        upload = [program, "upload", "--ledger", folder / f"rate-{rate}", "--rate", rate, folder / "pictures"]
        start = time.perf_counter()
        subprocess.run(upload, env=sandbox.variables, stdout=subprocess.DEVNULL, check=True)
        pace = count / (time.perf_counter() - start)
        codes = collections.Counter(code for _, code, _ in sandbox.calls())
        print(f"--rate {rate}: {pace:.2f} a second, answers {dict(codes)}")
        sandbox.stop()


def export(program, ledger):
    """The rows by file without their time and id, which differ from run to run; and the ids by file."""
    command = [program, "ledger", "export", "--json", ledger]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    rows = {row.pop("file"): row for row in map(json.loads, lines)}
    return rows, {file: (row.pop("uploaded_at", None), row.pop("media_id", None))[1] for file, row in rows.items()}


def kill(program, folder, count=10_000, kills=200):
    paths = pictures(folder / "pictures", count)
    sandbox = Sandbox(program, folder)
    options = {"env": sandbox.variables, "text": True, "stderr": subprocess.DEVNULL}

    def upload(ledger):
        return [program, "upload", "--ledger", ledger, "--concurrency", "16", folder / "pictures"]

    def ids():
        """The ids from the gateway, by the picture's name."""
        given = collections.defaultdict(list)
        for name, _, body in sandbox.calls():
            given[name] += [part.split("]")[0] for part in body.split("media_id><![CDATA[")[1:2]]
        return given

    subprocess.run(upload(folder / "undisturbed"), stdout=subprocess.DEVNULL, check=True, **options)
    undisturbed, _ = export(program, folder / "undisturbed")
    # The sandbox logs a call after its response.
    time.sleep(1)
    earlier = ids()

    ledger, printed, before = folder / "ledger", set(), {}
    for number in range(kills):
        out = open(folder / "ids", "w+")
        run = subprocess.Popen(upload(ledger), stdout=out, **options)
        time.sleep(random.uniform(0.0, 0.25))
        run.kill()
        run.wait()
        out.seek(0)
        printed |= {line[:43] for line in out.read().split("\n")[:-1]}
        if number % 10 == 9:
            _, now = export(program, ledger)
            lost = [file for file, media_id in before.items() if now.get(file) != media_id]
            assert not lost, lost
            before = now
    subprocess.run(upload(ledger), stdout=subprocess.DEVNULL, check=True, **options)
    rows, known = export(program, ledger)
    sandbox.stop()
    given = {name: more[len(earlier[name]):] for name, more in ids().items()}
    assert all(known[file] == media_id for file, media_id in before.items()), "lost"
    assert len(rows) == count and rows == undisturbed, "the export differs from that of an undisturbed run"
    for path in paths:
        assert known[path] in given[os.path.basename(path)], f"{path}: an id that the gateway did not give for it"
    assert printed <= set(known.values()), "an id was printed before its commit"
    twice = sum(map(len, given.values())) - count
    print(f"{kills} kills, {len(before)} of {count} pictures done by then; {twice} calls repeated, "
          f"{twice / kills:.1f} a kill; nothing lost, {count} rows equal to those of an undisturbed run")


if __name__ == "__main__":
    program, what = os.path.abspath(sys.argv[1]), sys.argv[2]
    place = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
    place.mkdir(exist_ok=True, parents=True)
    {"million": million, "rate": rate, "kill": kill}[what](program, place)
