"""Consumer groups, each member a process of the client's own: it is started, asked to leave, killed.

    COMMAND… SERVERS member TOPIC GROUP              of a classic group
    COMMAND… SERVERS static TOPIC GROUP INSTANCE     the same with a group.instance.id, and a session
                                                     of thirty seconds
    COMMAND… SERVERS cooperative TOPIC GROUP         the same with a cooperative assignor
    COMMAND… SERVERS consumer TOPIC GROUP            of a group of KIP-848

The member subscribes with a session of six seconds, begins where the group has committed or else at
the beginning, and commits what it has read, at the latest when it leaves: on SIGTERM, with status
0. It writes a line when its assignment changes, and one for each record:

    has 0 2          these partitions are its own, and no others
    record VALUE
"""
import re
import signal
import subprocess
import threading

from cluster import PATIENCE, ends_with_parent, wait_for

PARTITIONS = 4
# Topics are made by asking for them. In groups of KIP-848 the brokers say how long a session is.
SETTINGS = (f"num.partitions={PARTITIONS}", "group.consumer.session.timeout.ms=6000",
            "group.consumer.min.session.timeout.ms=6000",
            "group.consumer.heartbeat.interval.ms=500",
            "group.consumer.min.heartbeat.interval.ms=100")


class Member:
    def __init__(self, command):
        self.has, self.had, self.read = frozenset(), [], []
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=ends_with_parent)
        self.listening = threading.Thread(target=self.listen, daemon=True)
        self.listening.start()

    def listen(self):
        for line in self.process.stdout:
            word, *rest = line.split(maxsplit=1)
            if word == "has":
                self.has = frozenset(int(p) for p in "".join(rest).split())
                self.had.append(self.has)
            elif word == "record":
                self.read.append(rest[0].strip())

    def end(self, how):
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self.listening.join(PATIENCE)
        return status


class Group:
    """A group, the topic it reads, and who is in it."""

    def __init__(self, name, command, cluster, role):
        self.name, self.cluster = name, cluster
        self.command = [*command, cluster.bootstrap, role, name, name]
        self.members, self.sent = [], 0
        wait_for(f"{name} has leaders", self.topic_has_leaders)

    def topic_has_leaders(self):
        listed = subprocess.run(["kcat", "-L", "-b", self.cluster.bootstrap, "-t", self.name],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                timeout=PATIENCE)
        return len(re.findall(r"partition \d+, leader [123],", listed.stdout)) == PARTITIONS

    def join(self, *instance):
        self.members.append(Member([*self.command, *instance]))
        wait_for(f"{len(self.members)} members share all partitions", self.is_shared)
        return self.members[-1]

    def is_shared(self):
        """Each partition has one owner, and each member has one."""
        owned = [p for member in self.members for p in member.has]
        return sorted(owned) == list(range(PARTITIONS)) and all(m.has for m in self.members)

    def leave(self, member):
        self.members.remove(member)
        if (status := member.end(signal.SIGTERM)) != 0:
            raise ChildProcessError(f"a member left with status {status}")

    def kill(self, member):
        self.members.remove(member)
        member.end(signal.SIGKILL)

    def end(self):
        for member in self.members:
            member.end(signal.SIGKILL)

    def send(self):
        """Records to each partition; what they are."""
        sent = []
        for partition in range(PARTITIONS):
            values = [f"{self.sent + i}" for i in range(25)]
            self.sent += len(values)
            subprocess.run(["kcat", "-P", "-b", self.cluster.bootstrap, "-t", self.name,
                            "-p", str(partition), "-X", "acks=all"],
                           input="\n".join(values), text=True, check=True, timeout=PATIENCE)
            sent += values
        return set(sent)

    def send_and_read(self):
        sent = self.send()
        wait_for("the members read what is sent",
                 lambda: sent <= {value for member in self.members for value in member.read})


def share(group):
    group.join()
    group.join()
    group.send_and_read()


def leave(group):
    group.join()
    second = group.join()
    group.send_and_read()
    group.leave(second)
    wait_for("who stays has all partitions", group.is_shared)
    group.send_and_read()


def death(group):
    group.join()
    second = group.join()
    group.kill(second)
    wait_for("who lives has all partitions", group.is_shared)
    group.send_and_read()


def static(group):
    first = group.join("one")
    second = group.join("two")
    group.send_and_read()
    own, changes = second.has, len(first.had)
    group.kill(second)
    again = group.join("two")
    group.send_and_read()
    if again.has != own:
        raise AssertionError(f"who comes back has {sorted(again.has)}, not {sorted(own)}")
    if len(first.had) != changes:
        raise AssertionError(f"the other one was given {sorted(first.has)} anew")


def cooperative(group):
    first = group.join()
    alone = len(first.had)
    second = group.join()
    kept = first.has
    group.send_and_read()
    group.leave(second)
    wait_for("who stays has all partitions", group.is_shared)
    group.send_and_read()
    if lost := [has for has in first.had[alone:] if not kept <= has]:
        raise AssertionError(f"who stays had {sorted(lost[0])} only in between")


def resume(group):
    first = group.join()
    group.send_and_read()
    group.leave(first)
    later = group.send()
    group.cluster.kill_all()
    group.cluster.start()
    second = group.join()
    wait_for("what came later is read", lambda: later <= set(second.read))
    if again := set(second.read) - later:
        raise AssertionError(f"{len(again)} records are read again that were committed")


# What it takes, and the role of the members.
CAPABILITIES = {"group-share": (share, "member"), "group-leave": (leave, "member"),
                "group-death": (death, "member"), "group-static": (static, "static"),
                "group-cooperative": (cooperative, "cooperative"),
                "group-consumer": (leave, "consumer"), "group-resume": (resume, "member")}


def try_all(command, cluster, hear, capabilities):
    """Tells `hear` a line for each capability."""
    for capability, (holds, role) in capabilities.items():
        group = None
        try:
            group = Group(capability, command, cluster, role)
            holds(group)
            hear(f"ok {capability}")
        except (AssertionError, ChildProcessError, TimeoutError, subprocess.SubprocessError) as why:
            hear(f"failed {capability}: {why}")
        finally:
            if group:
                group.end()
