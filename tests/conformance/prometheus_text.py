"""A strict reader of Prometheus' text format 0.0.4: what the documentation does not allow, it refuses."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(rf"# HELP ({NAME}) (.*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.+)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def labels_of(text):
    labels, at = {}, 0
    while at < len(text or ""):
        match = LABEL.match(text, at)
        assert match, f"no label: {text[at:]!r}"
        name, value, separator = match.groups()
        assert name not in labels, f"label {name} comes twice"
        assert separator == "," or match.end() == len(text)
        labels[name] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), value)
        at = match.end()
    return labels


def check_histogram(family, samples):
    series = {}
    for name, labels, value in samples:
        rest = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        series.setdefault(rest, []).append((name[len(family):], labels.get("le"), value))
    for rest, lines in series.items():
        buckets = [(float(le), value) for suffix, le, value in lines if suffix == "_bucket"]
        assert [suffix for suffix, _, _ in lines[-2:]] == ["_sum", "_count"], (family, rest)
        assert len(buckets) == len(lines) - 2, (family, rest)
        assert buckets == sorted(buckets), (family, rest, "not cumulative")
        assert buckets[-1] == (float("inf"), lines[-1][2]), (family, rest, "+Inf is not all")


def parse(text):
    """{family: (type, help, [(name, labels, value)])}"""
    assert text.endswith("\n")
    lines = text[:-1].split("\n")
    families, at = {}, 0
    while at < len(lines):
        help_line = HELP.fullmatch(lines[at])
        type_line = TYPE.fullmatch(lines[at + 1])
        assert help_line and type_line and help_line[1] == type_line[1], lines[at:at + 2]
        family, kind = type_line.groups()
        assert family not in families, f"{family} comes twice"
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        assert kind != "counter" or family.endswith("_total"), family
        assert kind == "counter" or not family.endswith("_total"), family
        samples, seen, at = [], set(), at + 2
        while at < len(lines) and not lines[at].startswith("#"):
            sample = SAMPLE.fullmatch(lines[at])
            assert sample, f"no sample: {lines[at]!r}"
            name, labels = sample[1], labels_of(sample[2])
            assert name in [family + suffix for suffix in suffixes], (family, name)
            key = (name, tuple(sorted(labels.items())))
            assert key not in seen, f"{key} comes twice"
            seen.add(key)
            samples.append((name, labels, float(sample[3])))
            at += 1
        if kind == "histogram":
            check_histogram(family, samples)
        families[family] = (kind, help_line[2], samples)
    return families


def total(families, name, **labels):
    """The sum of the samples with these labels."""
    return sum(value for sample, has, value in families[re.sub(r"_(count|sum)$", "", name)][2]
               if sample == name and all(has.get(k) == v for k, v in labels.items()))
