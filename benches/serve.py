"""What `wxpay serve` costs and bears, against the sandbox: each line has a figure and its aim.

    python3 benches/serve.py PROGRAM latency|php|share|memory|equal|kill|renew|idle [FOLDER]

It wants a release build, openssl for `renew`, and PHP 8 with curl for `php`.
"""

import collections, contextlib, hashlib, itertools, json, multiprocessing, os, queue, random, re, resource
import signal, socket, statistics, subprocess, sys, tempfile, threading, time
from datetime import datetime
from pathlib import Path

from ledger import Sandbox, png

KIB, MIB = 1024, 1024 * 1024
# The API takes pictures of less than 2 MiB.
LARGEST = 2 * MIB - 1
PADDING = memoryview(bytes(LARGEST))


def report(what, figure, aim, unit=""):
    print(f"{'ok' if figure <= aim else 'MISSED':8}{what}: {figure:.3g}{unit}, aim ≤ {aim:g}{unit}", flush=True)


def picture(number, length):
    """One picture of this length as pieces, the last of which all pictures share."""
    head = png(number) + number.to_bytes(4, "big")
    return [head, PADDING[len(head):length]]


def written(folder, numbers, length):
    """Files with these pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        path = folder / f"{number}.png"
        path.write_bytes(b"".join(picture(number, length)))
        yield path


class Door:
    """`wxpay serve`, ready."""

    def __init__(self, program, folder, sandbox, *arguments, listen="127.0.0.1:0", endpoint=None):
        command = [program, "serve", "--listen", listen, "--token-file", folder / "token", *arguments]
        variables = sandbox.variables | ({"WXPAY_ENDPOINT": endpoint} if endpoint else {})
        self.log = open(folder / "serve.log", "ab")
        begin = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, env=variables)
        line = self.process.stdout.readline()
        self.start = time.perf_counter() - begin
        if not line.startswith("listening on http://"):
            sys.exit(f"{line!r} in place of an address, see {self.log.name}")
        host, port = line.split("//")[1].strip().rsplit(":", 1)
        self.callee = Callee((host, int(port)), (folder / "token").read_text().strip())

    def megabytes(self, what):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) * 1024 / 1e6

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def end(door, sandbox):
    """Ends both, the sandbox when it has written down all of its calls."""
    door.stop()
    length = -1
    while length != (length := os.stat(sandbox.log.name).st_size):
        time.sleep(0.5)
    sandbox.stop()


class Callee(collections.namedtuple("Callee", "address token")):
    """Where the door is: all that a caller has to know. It takes little time for itself."""

    def connect(self):
        connection = socket.create_connection(self.address, timeout=120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, connection, request, *body):
        """The status and the text of the answer."""
        length = sum(map(len, body))
        connection.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
                           f"Content-Length: {length}\r\n\r\n".encode())
        for piece in body:
            connection.sendall(piece)
        answer, end, wanted = b"", 0, 1
        while len(answer) < end + wanted:
            piece = connection.recv(64 * KIB)
            if not piece:
                raise ConnectionError("the connection was closed in place of an answer")
            answer += piece
            if not end and b"\r\n\r\n" in answer:
                end = answer.index(b"\r\n\r\n") + 4
                wanted = int(re.search(rb"(?i)\ncontent-length: *(\d+)", answer)[1])
        return int(answer[9:12]), answer[end:]

    def upload(self, number, length, query="", connection=None):
        """The status and the answer, by a connection of its own where none is given."""
        target = f"POST /v1/media?name={number}.png{query}"
        with contextlib.nullcontext(connection) if connection else self.connect() as connection:
            status, text = self.ask(connection, target, *picture(number, length))
        return status, json.loads(text)


def at_once(count, call):
    """What so many threads get from `call`, which is given the number of each."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number):
        barrier.wait()
        results[number] = call(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class Callers:
    """Threads that upload new pictures, one each at a time, until they are stopped.

    They call again where the connection was lost, and remember each answer by the picture's number."""

    def __init__(self, count, callee, length=4 * KIB):
        self.callee, self.length, self.is_over = callee, length, False
        self.numbers, self.under_way, self.answers = itertools.count(), set(), {}
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.is_over:
            number = next(self.numbers)
            self.under_way.add(number)
            while number not in self.answers:
                try:
                    self.answers[number] = self.callee.upload(number, self.length)
                except (OSError, ValueError):
                    time.sleep(0.005)
            self.under_way.discard(number)

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()
        return self.answers


def direct(program, sandbox, files):
    """Seconds for each of these files by `wxpay upload`, one at a time, but for the first, which connects."""
    command = [program, "upload", "--concurrency", "1", "--json", *files]
    run = subprocess.Popen(command, env=sandbox.variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    times = [time.perf_counter() for _ in run.stdout]
    if run.wait() != 0:
        sys.exit("the direct client failed")
    return [end - begin for begin, end in itertools.pairwise(times)]


def added(program, folder, sandbox, door, rounds=20, count=50):
    """What the door adds to the direct client's time, one picture at a time, by turns."""
    connection = door.callee.connect()
    for name, length, *aims in (("200 KiB", 200 * KIB, 0.4, 2), ("2 MiB", LARGEST, 2.5, 8)):
        files = list(written(folder / f"pictures-{length}", range(count), length))
        through, beside = [], []
        for _ in range(rounds):
            beside += direct(program, sandbox, files)
            for number in range(count):
                begin = time.perf_counter()
                status, answer = door.callee.upload(number, length, "&reuse=never", connection)
                through.append(time.perf_counter() - begin)
                if status != 200:
                    sys.exit(f"{status}: {answer}")
        for share, aim in zip((0.5, 0.99), aims):
            ours, theirs = (1000 * sorted(times)[int(share * len(times))] for times in (through, beside))
            what = f"{name}, p{100 * share:.0f}, {ours:.2f} ms through the door and {theirs:.2f} directly"
            report(what, ours - theirs, aim, " ms")


def latency(program, folder):
    sandbox = Sandbox(program, folder)
    door = Door(program, folder, sandbox)
    added(program, folder, sandbox, door)
    end(door, sandbox)


def idle(program, folder, count=2_000):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sandbox = Sandbox(program, folder)
    door = Door(program, folder, sandbox)
    connections = [door.callee.connect() for _ in range(count)]
    for connection in connections:
        door.callee.ask(connection, "GET /livez")
    print(f"{count} connections, {door.megabytes('VmRSS'):.1f} MB")
    added(program, folder, sandbox, door)
    for connection in connections:
        connection.setblocking(False)
    lost = sum(is_closed(connection) for connection in connections)
    report("idle connections that were closed meanwhile", lost, 0)
    end(door, sandbox)


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False


class Relay:
    """A port in front of another to which a round trip takes some time: also that of TCP's handshake, but
    without its slow start, from which a connection that is kept would gain even more."""

    def __init__(self, port, round_trip):
        self.port, self.delay = port, round_trip / 2
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.port))
            connected = time.monotonic() + 2 * self.delay
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pieces = queue.SimpleQueue()
                for work in (self.read, one, pieces, connected), (self.write, other, pieces):
                    threading.Thread(target=work[0], args=work[1:], daemon=True).start()

    def read(self, source, pieces, connected):
        piece = b" "
        while piece:
            try:
                piece = source.recv(64 * KIB)
            except OSError:
                piece = b""
            pieces.put((max(time.monotonic(), connected) + self.delay, piece))

    @staticmethod
    def write(target, pieces):
        try:
            while True:
                due, piece = pieces.get()
                time.sleep(max(0, due - time.monotonic()))
                if not piece:
                    return target.shutdown(socket.SHUT_WR)
                target.sendall(piece)
        except OSError:
            pass


# Uploads files with a fresh handle each, by the door or by itself, as docs/clients has it.
PHP = r"""
function signed(array $fields): array {
    ksort($fields, SORT_STRING);
    $text = implode('&', array_map(fn ($name, $value) => "$name=$value", array_keys($fields), $fields));
    $key = getenv('WXPAY_API_KEY');
    return $fields + ['sign' => strtoupper(hash_hmac('sha256', "$text&key=$key", $key))];
}
function direct(string $picture): array {
    $hash = md5($picture);
    $fields = ['mch_id' => getenv('WXPAY_MCH_ID'), 'media_hash' => $hash, 'sign_type' => 'HMAC-SHA256'];
    return [getenv('WXPAY_ENDPOINT') . '/secapi/mch/uploadmedia', [
        CURLOPT_POSTFIELDS => signed($fields) + ['media' => new CURLStringFile($picture, 'picture.png', 'image/png')],
        CURLOPT_SSLCERT => getenv('WXPAY_CERT'), CURLOPT_SSLKEY => getenv('WXPAY_KEY'),
        CURLOPT_CAINFO => getenv('WXPAY_CA')]];
}
function door(string $picture): array {
    $headers = ['Authorization: Bearer ' . getenv('TOKEN'), 'Content-Type: image/png'];
    return [getenv('DOOR') . '/v1/media?reuse=never', [
        CURLOPT_POSTFIELDS => $picture, CURLOPT_HTTPHEADER => $headers]];
}
function upload(callable $how, string $file): void {
    [$url, $options] = $how(file_get_contents($file));
    $curl = curl_init($url);
    curl_setopt_array($curl, $options + [CURLOPT_RETURNTRANSFER => true, CURLOPT_NOPROXY => '*']);
    $text = curl_exec($curl);
    preg_match('/media_id[>":]+(<!\[CDATA\[)?[\w-]{43}/', (string) $text) || exit($text . curl_error($curl));
}
function cpu(): float {
    $usage = getrusage();
    return $usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']
        + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e6;
}
$files = array_slice($argv, 2);
upload($argv[1], $files[0]);
[$begin, $cpu] = [microtime(true), cpu()];
foreach ($files as $file) upload($argv[1], $file);
echo json_encode([microtime(true) - $begin, cpu() - $cpu]);
"""


def php(program, folder, rounds=5, count=20):
    sandbox = Sandbox(program, folder)
    far = Relay(int(sandbox.variables["WXPAY_ENDPOINT"].rsplit(":", 1)[1]), round_trip=0.05)
    endpoint = "https://127.0.0.1:{}".format(far.listener.getsockname()[1])
    door = Door(program, folder, sandbox, endpoint=endpoint)
    address = "http://{}:{}".format(*door.callee.address)
    variables = sandbox.variables | {"WXPAY_ENDPOINT": endpoint, "DOOR": address, "TOKEN": door.callee.token}
    files = list(written(folder / "pictures", range(count), 200_000))
    figures = collections.defaultdict(list)
    for _, how in itertools.product(range(rounds), ("direct", "door")):
        run = subprocess.run(["php", "-r", PHP, "--", how, *files], env=variables, stdout=subprocess.PIPE, text=True)
        if not run.stdout.startswith("["):
            sys.exit(f"PHP, {how}: {run.stdout}")
        figures[how].append(json.loads(run.stdout))
    for place, (what, aim) in enumerate((("time", 0.5), ("PHP's CPU", 0.3))):
        ours, theirs = (statistics.median(row[place] / count for row in figures[how]) for how in ("door", "direct"))
        what = f"{what} a picture, {1000 * ours:.2f} ms through the door and {1000 * theirs:.2f} directly"
        report(what, ours / theirs, aim, " ×")
    end(door, sandbox)


def caller(callee, numbers):
    """Statuses and waits of one process that uploads these pictures one after the other."""
    calls = []
    for number in numbers:
        begin = time.perf_counter()
        status, _ = callee.upload(number, 100 * KIB)
        calls.append((status, time.perf_counter() - begin))
    return calls


def share(program, folder, processes=20, each=20):
    turns = [range(first * each, (first + 1) * each) for first in range(processes)]
    sandbox = Sandbox(program, folder, "--fault", "rate=10")
    door = Door(program, folder, sandbox, "--rate", "10")
    with multiprocessing.Pool(processes) as pool:
        begin = time.perf_counter()
        callers = pool.starmap(caller, [(door.callee, numbers) for numbers in turns], chunksize=1)
    report("seconds in all", time.perf_counter() - begin, 42)
    statuses = collections.Counter(status for calls in callers for status, _ in calls)
    report(f"calls that were not answered by an id, of {dict(statuses)}", statuses.total() - statuses[200], 0)
    means = [statistics.mean(wait for _, wait in calls) for calls in callers]
    longest = max(wait for calls in callers for _, wait in calls)
    report(f"longest wait, {longest:.2f} s, by the least mean of a caller", longest / min(means), 2, " ×")
    end(door, sandbox)
    print("answers of the gateway:", dict(collections.Counter(code for _, code, _ in sandbox.calls())))

    sandbox = Sandbox(program, folder, "--fault", "rate=10")
    runs = []
    for numbers in turns:
        command = [program, "upload", "--rate", "10", "--json", *written(folder / "pictures", numbers, 100 * KIB)]
        runs.append(subprocess.Popen(command, env=sandbox.variables, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    begin = time.perf_counter()
    failed = sum('"error"' in line for run in runs for line in run.communicate()[0].splitlines())
    print(f"without the door: {failed} of {processes * each} failed, {time.perf_counter() - begin:.1f} s")
    sandbox.stop()


def memory(program, folder, callers=256, starts=11):
    sandbox = Sandbox(program, folder)
    ready = []
    for number in range(starts):
        door = Door(program, folder, sandbox)
        ready.append(1000 * door.start)
        if number < starts - 1:
            door.stop()
    report("ready after", statistics.median(ready), 25, " ms")
    time.sleep(1)
    report("idle", door.megabytes("VmRSS"), 12, " MB")
    answers = at_once(callers, lambda number: door.callee.upload(number, LARGEST))
    statuses = dict(collections.Counter(status for status, _ in answers))
    report(f"at most, with {callers} callers, answered {statuses}", door.megabytes("VmHWM"), 64, " MB")
    end(door, sandbox)


def equal(program, folder, callers=50):
    sandbox = Sandbox(program, folder, "--fault", "delay=300ms")
    door = Door(program, folder, sandbox)
    answers = at_once(callers, lambda _: door.callee.upload(1, 200 * KIB))
    end(door, sandbox)
    report("calls", len(list(sandbox.calls())), 1)
    report("different ids", len({answer.get("media_id") for _, answer in answers}), 1)
    report("answers without an id", sum(status != 200 for status, _ in answers), 0)


def kill(program, folder, kills=200, callers=16):
    sandbox = Sandbox(program, folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = "{}:{}".format(*free.getsockname())
    ledger = ["--ledger", folder / "ledger"]
    door = Door(program, folder, sandbox, *ledger, listen=listen)
    load = Callers(callers, door.callee)
    in_flight, starts = collections.Counter(), []
    for _ in range(kills):
        time.sleep(random.uniform(0, 0.25))
        # Before and after: what began or ended meanwhile was in flight, too.
        before = list(load.under_way)
        door.stop(signal.SIGKILL)
        in_flight.update({*before, *load.under_way})
        # It ends this program where it does not start by itself.
        door = Door(program, folder, sandbox, *ledger, listen=listen)
        starts.append(door.start)
    answers = load.stop()
    ids = {number: answer.get("media_id") for number, (_, answer) in answers.items()}
    lost = 0
    with door.callee.connect() as connection:
        for number, media_id in ids.items():
            md5 = hashlib.md5(b"".join(picture(number, load.length))).hexdigest()
            status, text = door.callee.ask(connection, f"GET /v1/media/{md5}")
            lost += status != 200 or json.loads(text)["media_id"] != media_id
    end(door, sandbox)
    given = collections.defaultdict(list)
    for name, _, body in sandbox.calls():
        if "media_id><" in body:
            given[int(name.split(".")[0])].append(body.split("media_id><![CDATA[")[1].split("]")[0])
    twice = {number: len(given[number]) - 1 for number in ids}
    print(f"{kills} kills, ready again after {max(starts):.3f} s at most; {len(ids)} pictures, "
          f"{in_flight.total()} in flight at a kill")
    report("answers that are no id", sum(status != 200 for status, _ in answers.values()), 0)
    report("ids that were answered and are not known afterwards", lost, 0)
    report("ids that the gateway did not give for this picture",
           sum(media_id not in given[number] for number, media_id in ids.items()), 0)
    report("calls done twice", sum(twice.values()), in_flight.total())
    report("calls done twice that were not in flight",
           sum(max(0, more - in_flight[number]) for number, more in twice.items()), 0)


def certificate(folder, sandbox, number):
    """Another certificate of the sandbox's merchant; the texts of it and of its key."""
    folder.mkdir(exist_ok=True)
    ca = Path(sandbox.variables["WXPAY_CA"])
    (folder / "extensions").write_text("extendedKeyUsage = clientAuth\nbasicConstraints = CA:FALSE\n")
    merchant = sandbox.variables["WXPAY_MCH_ID"]
    for command in (
        f"req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={merchant} -keyout key -out request",
        f"x509 -req -in request -CA {ca} -CAkey {ca.with_name('ca_key.pem')} -days 60 -extfile extensions "
        f"-set_serial {number} -out cert",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    return (folder / "cert").read_text(), (folder / "key").read_text()


def renew(program, folder, callers=8, rounds=3):
    sandbox = Sandbox(program, folder)
    merchants = folder / "merchants"
    merchants.mkdir(exist_ok=True)
    variable = lambda name: json.dumps(sandbox.variables[f"WXPAY_{name}"])

    def renamed(path, text):
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)

    def settings(stem):
        (folder / "api_key").write_text(sandbox.variables["WXPAY_API_KEY"])
        return (f"mch_id = {variable('MCH_ID')}\napi_key_file = {json.dumps(str(folder / 'api_key'))}\n"
                f"endpoint = {variable('ENDPOINT')}\nca = {variable('CA')}\n"
                f"cert = {json.dumps(str(folder / stem))}\nkey = {json.dumps(str(folder / stem) + '-key')}\n")

    def replaced(how, number):
        cert, key = certificate(folder / "openssl", sandbox, number)
        stem = f"cert-{number}" if how == "another file named" else "cert"
        write = Path.write_text if how == "written over" else renamed
        begin = time.time()
        write(folder / stem, cert)
        write(folder / f"{stem}-key", key)
        if how != "written over" or number == 1:
            renamed(merchants / "shop.toml", settings(stem))
        return begin

    replaced("renamed", 1)
    door = Door(program, folder, sandbox, "--merchants", merchants)
    load = Callers(callers, door.callee)
    steps = [("at first", 1, time.time())]
    for number, how in enumerate(("renamed", "written over", "another file named", "renamed") * rounds, 2):
        time.sleep(2.5)
        steps.append((how, number, replaced(how, number)))
    time.sleep(2.5)
    answers = load.stop()
    end(door, sandbox)
    times = collections.defaultdict(list)
    for call in map(json.loads, Path(sandbox.log.name).read_text().splitlines()):
        at = datetime.fromisoformat(call["time"].replace("Z", "+00:00")).timestamp()
        times[int(call["client_certificate"]["serial_number"], 16)].append(at)
    for (_, old, _), (how, number, begin) in itertools.pairwise(steps):
        # An old one may not be used any more by then, either.
        late = max(max(times[old]), min(times[number], default=float("inf"))) - begin
        report(f"certificate {number}, {how}, in use alone after", late, 2, " s")
    failed = sum(status != 200 for status, _ in answers.values())
    report(f"failed calls, of {len(answers)}", failed, 0)


if __name__ == "__main__":
    program, what = os.path.abspath(sys.argv[1]), sys.argv[2]
    place = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
    place.mkdir(exist_ok=True, parents=True)
    rows = (latency, php, share, memory, equal, kill, renew, idle)
    {row.__name__: row for row in rows}[what](program, place.absolute())
