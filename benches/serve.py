"""Measures `wxpay serve` against the sandbox; each line of the output has a figure and its target.

    python3 benches/serve.py PROGRAM latency|php|share|memory|equal|kill|renew|idle [FOLDER]

It needs a release build, openssl for `renew`, and PHP 8 with curl for `php`.
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


def report(what, figure, target, unit=""):
    verdict = "ok" if figure <= target else "MISSED"
    print(f"{verdict:8}{what}: {figure:.3g}{unit}, target ≤ {target:g}{unit}", flush=True)


def picture(number, length):
    """A picture of this length in two pieces; all pictures share the second, their padding."""
    head = png(number) + number.to_bytes(4, "big")
    return [head, PADDING[len(head):length]]


def written(folder, numbers, length):
    """Writes these pictures to files, and yields the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        path = folder / f"{number}.png"
        path.write_bytes(b"".join(picture(number, length)))
        yield path


class Agent:
    """A process of `wxpay serve` that is ready."""

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
        self.client = Client((host, int(port)), (folder / "token").read_text().strip())

    def megabytes(self, what):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) * 1024 / 1e6

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def end(agent, sandbox):
    """Stops both; the sandbox after its log has stopped growing."""
    agent.stop()
    length = -1
    while length != (length := os.stat(sandbox.log.name).st_size):
        time.sleep(0.5)
    sandbox.stop()


class Client(collections.namedtuple("Client", "address token")):
    """A minimal HTTP client of the agent, so that its own time does not count."""

    def connect(self):
        connection = socket.create_connection(self.address, timeout=120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, connection, request, *body):
        """Returns the status and the body of the response."""
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
        """Returns the status and the JSON of the response; without a connection given, it opens one."""
        target = f"POST /v1/media?name={number}.png{query}"
        with contextlib.nullcontext(connection) if connection else self.connect() as connection:
            status, text = self.ask(connection, target, *picture(number, length))
        return status, json.loads(text)


def at_once(count, call):
    """The results of `call(number)` in this number of threads, which start together."""
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
    """Threads that upload new pictures, each one at a time, until they are stopped. After a lost connection
    they repeat the request; the responses are kept by the picture's number."""

    def __init__(self, count, client, length=4 * KIB):
        self.client, self.length, self.is_over = client, length, False
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
                    self.answers[number] = self.client.upload(number, self.length)
                except (OSError, ValueError):
                    time.sleep(0.005)
            self.under_way.discard(number)

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()
        return self.answers


def direct(program, sandbox, files):
    """Seconds for each of these files by `wxpay upload`, without the first one, which connects."""
    command = [program, "upload", "--concurrency", "1", "--json", *files]
    run = subprocess.Popen(command, env=sandbox.variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    times = [time.perf_counter() for _ in run.stdout]
    if run.wait() != 0:
        sys.exit("the direct client failed")
    return [end - begin for begin, end in itertools.pairwise(times)]


def added(program, folder, sandbox, agent, rounds=20, count=50):
    """The time that the agent adds to that of the direct client, one picture at a time, by turns."""
    connection = agent.client.connect()
    for name, length, *targets in (("200 KiB", 200 * KIB, 0.4, 2), ("2 MiB", LARGEST, 2.5, 8)):
        files = list(written(folder / f"pictures-{length}", range(count), length))
        through, beside = [], []
        for _ in range(rounds):
            beside += direct(program, sandbox, files)
            for number in range(count):
                begin = time.perf_counter()
                status, answer = agent.client.upload(number, length, "&reuse=never", connection)
                through.append(time.perf_counter() - begin)
                if status != 200:
                    sys.exit(f"{status}: {answer}")
        for share, target in zip((0.5, 0.99), targets):
            ours, theirs = (1000 * sorted(times)[int(share * len(times))] for times in (through, beside))
            what = f"{name}, p{100 * share:.0f}, {ours:.2f} ms through the agent and {theirs:.2f} directly"
            report(what, ours - theirs, target, " ms")


def latency(program, folder):
    sandbox = Sandbox(program, folder)
    agent = Agent(program, folder, sandbox)
    added(program, folder, sandbox, agent)
    end(agent, sandbox)


def idle(program, folder, count=2_000):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sandbox = Sandbox(program, folder)
    agent = Agent(program, folder, sandbox)
    connections = [agent.client.connect() for _ in range(count)]
    for connection in connections:
        agent.client.ask(connection, "GET /livez")
    print(f"{count} connections, {agent.megabytes('VmRSS'):.1f} MB")
    added(program, folder, sandbox, agent)
    for connection in connections:
        connection.setblocking(False)
    lost = sum(is_closed(connection) for connection in connections)
    report("idle connections that the agent has closed", lost, 0)
    end(agent, sandbox)


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False


class Relay:
    """A port that delays each round trip to another port, TCP's handshake included. TCP's slow start is not
    simulated: it would favour connections that are kept."""

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


# Uploads files with a new handle each, through the agent or directly, as docs/clients does.
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
function agent(string $picture): array {
    $headers = ['Authorization: Bearer ' . getenv('TOKEN'), 'Content-Type: image/png'];
    return [getenv('AGENT') . '/v1/media?reuse=never', [
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
    agent = Agent(program, folder, sandbox, endpoint=endpoint)
    address = "http://{}:{}".format(*agent.client.address)
    variables = sandbox.variables | {"WXPAY_ENDPOINT": endpoint, "AGENT": address, "TOKEN": agent.client.token}
    files = list(written(folder / "pictures", range(count), 200_000))
    figures = collections.defaultdict(list)
    for _, how in itertools.product(range(rounds), ("direct", "agent")):
        run = subprocess.run(["php", "-r", PHP, "--", how, *files], env=variables, stdout=subprocess.PIPE, text=True)
        if not run.stdout.startswith("["):
            sys.exit(f"PHP, {how}: {run.stdout}")
        figures[how].append(json.loads(run.stdout))
    for place, (what, target) in enumerate((("time", 0.5), ("PHP's CPU", 0.3))):
        ours, theirs = (statistics.median(row[place] / count for row in figures[how]) for how in ("agent", "direct"))
        what = f"{what} a picture, {1000 * ours:.2f} ms through the agent and {1000 * theirs:.2f} directly"
        report(what, ours / theirs, target, " ×")
    end(agent, sandbox)


def caller(client, numbers):
    """The statuses and the waits of one process that uploads these pictures one after another."""
    calls = []
    for number in numbers:
        begin = time.perf_counter()
        status, _ = client.upload(number, 100 * KIB)
        calls.append((status, time.perf_counter() - begin))
    return calls


def share(program, folder, processes=20, each=20):
    turns = [range(first * each, (first + 1) * each) for first in range(processes)]
    sandbox = Sandbox(program, folder, "--fault", "rate=10")
    agent = Agent(program, folder, sandbox, "--rate", "10")
    with multiprocessing.Pool(processes) as pool:
        begin = time.perf_counter()
        callers = pool.starmap(caller, [(agent.client, numbers) for numbers in turns], chunksize=1)
    report("total seconds", time.perf_counter() - begin, 42)
    statuses = collections.Counter(status for calls in callers for status, _ in calls)
    report(f"responses without an id, of {dict(statuses)}", statuses.total() - statuses[200], 0)
    means = [statistics.mean(wait for _, wait in calls) for calls in callers]
    longest = max(wait for calls in callers for _, wait in calls)
    report(f"longest wait, {longest:.2f} s, ÷ the least mean of a caller", longest / min(means), 2, " ×")
    end(agent, sandbox)
    print("answers of the gateway:", dict(collections.Counter(code for _, code, _ in sandbox.calls())))

    sandbox = Sandbox(program, folder, "--fault", "rate=10")
    runs = []
    for numbers in turns:
        command = [program, "upload", "--rate", "10", "--json", *written(folder / "pictures", numbers, 100 * KIB)]
        runs.append(subprocess.Popen(command, env=sandbox.variables, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    begin = time.perf_counter()
    failed = sum('"error"' in line for run in runs for line in run.communicate()[0].splitlines())
    print(f"without the agent: {failed} of {processes * each} failed, {time.perf_counter() - begin:.1f} s")
    sandbox.stop()


def memory(program, folder, callers=256, starts=11):
    sandbox = Sandbox(program, folder)
    ready = []
    for number in range(starts):
        agent = Agent(program, folder, sandbox)
        ready.append(1000 * agent.start)
        if number < starts - 1:
            agent.stop()
    report("ready after", statistics.median(ready), 25, " ms")
    time.sleep(1)
    report("idle", agent.megabytes("VmRSS"), 12, " MB")
    answers = at_once(callers, lambda number: agent.client.upload(number, LARGEST))
    statuses = dict(collections.Counter(status for status, _ in answers))
    report(f"peak, with {callers} callers and responses {statuses}", agent.megabytes("VmHWM"), 64, " MB")
    end(agent, sandbox)


def equal(program, folder, callers=50):
    sandbox = Sandbox(program, folder, "--fault", "delay=300ms")
    agent = Agent(program, folder, sandbox)
    answers = at_once(callers, lambda _: agent.client.upload(1, 200 * KIB))
    end(agent, sandbox)
    report("calls", len(list(sandbox.calls())), 1)
    report("different ids", len({answer.get("media_id") for _, answer in answers}), 1)
    report("responses without an id", sum(status != 200 for status, _ in answers), 0)


def kill(program, folder, kills=200, callers=16):
    sandbox = Sandbox(program, folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = "{}:{}".format(*free.getsockname())
    ledger = ["--ledger", folder / "ledger"]
    agent = Agent(program, folder, sandbox, *ledger, listen=listen)
    load = Callers(callers, agent.client)
    in_flight, starts = collections.Counter(), []
    for _ in range(kills):
        time.sleep(random.uniform(0, 0.25))
        # Pictures that begin or end meanwhile count as in flight, too.
        before = list(load.under_way)
        agent.stop(signal.SIGKILL)
        in_flight.update({*before, *load.under_way})
        # Where the agent does not start again by itself, this program exits.
        agent = Agent(program, folder, sandbox, *ledger, listen=listen)
        starts.append(agent.start)
    answers = load.stop()
    ids = {number: answer.get("media_id") for number, (_, answer) in answers.items()}
    lost = 0
    with agent.client.connect() as connection:
        for number, media_id in ids.items():
            md5 = hashlib.md5(b"".join(picture(number, load.length))).hexdigest()
            status, text = agent.client.ask(connection, f"GET /v1/media/{md5}")
            lost += status != 200 or json.loads(text)["media_id"] != media_id
    end(agent, sandbox)
    given = collections.defaultdict(list)
    for name, _, body in sandbox.calls():
        if "media_id><" in body:
            given[int(name.split(".")[0])].append(body.split("media_id><![CDATA[")[1].split("]")[0])
    twice = {number: len(given[number]) - 1 for number in ids}
    print(f"{kills} kills, ready again after {max(starts):.3f} s at most; {len(ids)} pictures, "
          f"{in_flight.total()} in flight at a kill")
    report("responses without an id", sum(status != 200 for status, _ in answers.values()), 0)
    report("ids that are lost after a response", lost, 0)
    report("ids that the gateway did not give for this picture",
           sum(media_id not in given[number] for number, media_id in ids.items()), 0)
    report("repeated calls", sum(twice.values()), in_flight.total())
    report("repeated calls that were not in flight",
           sum(max(0, more - in_flight[number]) for number, more in twice.items()), 0)


def certificate(folder, sandbox, number):
    """Issues another certificate of the sandbox's merchant; returns its text and that of its key."""
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
    agent = Agent(program, folder, sandbox, "--merchants", merchants)
    load = Callers(callers, agent.client)
    steps = [("at first", 1, time.time())]
    for number, how in enumerate(("renamed", "written over", "another file named", "renamed") * rounds, 2):
        time.sleep(2.5)
        steps.append((how, number, replaced(how, number)))
    time.sleep(2.5)
    answers = load.stop()
    end(agent, sandbox)
    times = collections.defaultdict(list)
    for call in map(json.loads, Path(sandbox.log.name).read_text().splitlines()):
        at = datetime.fromisoformat(call["time"].replace("Z", "+00:00")).timestamp()
        times[int(call["client_certificate"]["serial_number"], 16)].append(at)
    for (_, old, _), (how, number, begin) in itertools.pairwise(steps):
        # The old certificate must not be used after that time, either.
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
