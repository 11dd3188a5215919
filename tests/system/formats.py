"""Texts the tests read and write: expected messages, YAML, the exposition format of metrics."""

import json
import re


def literal(text):
    """A regular expression for a literal text in which "…" stands for anything on one line."""
    return ".*?".join(re.escape(part) for part in text.split("…"))


_PLAIN = re.compile(r"[A-Za-z0-9/_][A-Za-z0-9_./+-]*\Z")
_WORD = re.compile(r"(true|false|null|yes|no|on|off|y|n|[0-9._+-]*|0[xo].*|[0-9.]+e[0-9+-]*)\Z",
                   re.I)


def to_yaml(value, indent=0):
    """Block YAML of dicts, lists, scalars. What would be read as something else is quoted."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            nested = isinstance(item, (dict, list)) and item
            text = "\n" + to_yaml(item, indent + 1) if nested else " " + to_yaml(item)
            lines.append("%s%s:%s" % (pad, to_yaml(str(key)), text))
        return "\n".join(lines)
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            nested = isinstance(item, (dict, list)) and item
            text = to_yaml(item, indent + 1).lstrip() if nested else to_yaml(item)
            lines.append("%s- %s" % (pad, text))
        return "\n".join(lines)
    if isinstance(value, str) and _PLAIN.match(value) and not _WORD.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)


# ----------------------------------------------------------------------------- metrics as text

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?\Z")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|\Z)')
_ESCAPE = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Metrics:
    """A scrape: values by name and labels. A line that does not parse fails the test."""

    def __init__(self, text):
        self.text, self.samples, self.types = text, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                assert name not in self.types, "two TYPE lines for " + name
                self.types[name] = kind
            if not line or line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            assert match, "not a sample line: %r" % line
            labels, rest = {}, match.group(2) or ""
            while rest:
                label = _LABEL.match(rest)
                assert label, "bad labels: %r" % line
                value = re.sub(r"\\.", lambda m: _ESCAPE[m.group()], label.group(2))
                labels[label.group(1)] = value
                rest = rest[label.end() :]
            key = (match.group(1), frozenset(labels.items()))
            assert key not in self.samples, "the series stands twice: %r" % line
            self.samples[key] = float(match.group(3))

    def all(self, name, **labels):
        """[(labels, value)] of every series of that name that has at least these labels."""
        wanted = set(labels.items())
        return [(dict(l), v) for (n, l), v in self.samples.items() if n == name and wanted <= l]

    def get(self, name, **labels):
        """The one value, or None; more than one match is a mistake of the test."""
        found = self.all(name, **labels)
        assert len(found) <= 1, "%s%r names %d series" % (name, labels, len(found))
        return found[0][1] if found else None

    def sum(self, name, **labels):
        return sum(value for _, value in self.all(name, **labels))
