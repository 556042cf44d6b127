"""A cluster of `brokersim serve` with a process per node, on free ports of the loopback."""
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time

PATIENCE = 40  # Seconds for what takes one, on a machine that is busy with other things.


def free_ports(count):
    """Below those that the kernel takes for connections: a restart keeps its own."""
    ports = []
    while len(ports) < count:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def ends_with_parent():
    """Whoever is killed leaves no process behind."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def skipped():
    """The exit status of a test that cannot be run here: in CI all of them have to be."""
    if not os.environ.get("CI"):
        return 77
    print("CI is set: this is an error", file=sys.stderr)
    return 1


def wait_for(what, holds, patience=PATIENCE):
    until = time.monotonic() + patience
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {patience} s")
        time.sleep(0.02)


class Node:
    def __init__(self, command, name, directory):
        self.command, self.name = command, name
        self.out, self.log = f"{directory}/{name}.out", f"{directory}/{name}.log"
        self.process = None

    def start(self):
        with open(self.out, "wb") as out, open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=out, stderr=log, preexec_fn=ends_with_parent
            )

    def is_ready(self):
        """Its ports are open and, of a broker, it may lead."""
        if self.process.poll() is not None:
            raise ChildProcessError(f"{self.name} has ended: {self.last_words()}")
        with open(self.out) as out:
            return "ready" in out.read()

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def last_words(self):
        with open(self.log) as log:
            return "".join(log.readlines()[-3:]).strip()


class Cluster:
    """Brokers 1, 2, 3 and controllers from 101 on."""

    def __init__(self, program, directory, controllers=1, settings=()):
        self.directory = f"{directory}/data"
        # A broker that was killed registers again when its session has ended: let that be soon.
        # The first member of a group need not wait for others that may come.
        settings = ("default.replication.factor=3", "broker.session.timeout.ms=2000",
                    "broker.heartbeat.interval.ms=500", "group.initial.rebalance.delay.ms=300",
                    *settings)
        voters, brokers = range(101, 101 + controllers), (1, 2, 3)
        ports = dict(zip((*voters, *brokers), free_ports(controllers + len(brokers))))
        quorum = ",".join(f"{id}@127.0.0.1:{ports[id]}" for id in voters)
        shared = [arg for setting in settings for arg in ("--set", setting)]
        shared += ["--data", self.directory, "--quorum", quorum,
                   "--cluster-id", "AAAAAAAAAAAAAAAAAAAAAA"]
        self.nodes = {}
        for id, port in ports.items():
            role = ["--roles", "controller"] if id in voters else [
                "--roles", "broker", "--port", str(port)]
            command = [program, "serve", "--node-id", str(id), *role, *shared]
            self.nodes[id] = Node(command, f"node-{id}", directory)
        self.bootstrap = ",".join(f"127.0.0.1:{ports[id]}" for id in brokers)

    def start(self):
        for node in self.nodes.values():
            node.start()
        wait_for("all nodes are ready", self.is_ready)

    def is_ready(self):
        return all(node.is_ready() for node in self.nodes.values())

    def kill(self, id):
        self.nodes[id].end(signal.SIGKILL)

    def start_again(self, id):
        self.nodes[id].start()
        wait_for(f"node {id} is ready", self.nodes[id].is_ready)

    def kill_all(self):
        for node in self.nodes.values():
            node.process.kill()
        for node in self.nodes.values():
            node.process.wait(PATIENCE)

    def stop(self):
        """In order: brokers hand over what they lead while there is a controller to hear it."""
        for nodes in ([n for id, n in self.nodes.items() if id < 100],
                      [n for id, n in self.nodes.items() if id > 100]):
            for node in nodes:
                node.process.terminate()
            for node in nodes:
                if node.process.wait(PATIENCE) != 0:
                    raise ChildProcessError(f"{node.name} did not stop in order")

    def segments(self, topic):
        """Every segment file of the topic, of every replica."""
        for folder, _, files in os.walk(self.directory):
            if os.path.basename(folder).rpartition("-")[0] != topic:
                continue
            yield from (os.path.join(folder, f) for f in sorted(files) if f.endswith(".log"))
